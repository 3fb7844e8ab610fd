import { useEffect, useMemo, useRef, useState } from "react";
import { estimate as askEstimate } from "../api/client.ts";
import { type Failure, toFailure } from "../api/failure.ts";
import type { Estimate } from "../api/types.ts";
import { dataUrlOf } from "../pictures/picture-store.ts";
import { standIn } from "../pictures/stand-in.ts";
import { filesOf, type Message, picturesOf } from "../state/conversation.ts";
import { type Draft, isEmpty } from "../state/reducer.ts";
import { requestBody } from "../state/request.ts";
import { type Settings, settingsProblem } from "../state/settings.ts";
import { type FileCosts, withFiles } from "./file-estimates.ts";

const PAUSE_MS = 250;

export interface EstimateState {
  readonly estimate?: Estimate;
  /** Why the server would refuse the request as it stands. */
  readonly refusal?: string;
}

interface EstimateInput {
  readonly messages: readonly Message[];
  readonly draft: Draft;
  readonly settings: Settings;
  readonly apiKey: string;
  /** No estimate while an answer is being written. */
  readonly paused: boolean;
}

interface FilesState {
  readonly costs?: FileCosts;
  readonly refusal?: string;
}

/**
 * What the next request would cost, asked for after a pause in typing. Servers without estimates
 * are asked once.
 *
 * Videos and documents are large, so they are sent when they change and not with every word: what
 * they add, measured once, is added to the estimate of the rest.
 */
export function useEstimate(input: EstimateInput): EstimateState {
  const { messages, draft, settings, apiKey, paused } = input;
  const [state, setState] = useState<EstimateState>({});
  const [filesState, setFilesState] = useState<FilesState>({});
  const unsupported = useRef(false);
  const { text, pictures, files } = draft;
  const nothing = messages.length === 0 && isEmpty(draft);
  const hasFiles = files.length > 0 || filesOf(messages).length > 0;
  const latest = useRef<readonly Message[]>([]);
  latest.current = withDraft(messages, draft);
  const idle = nothing || paused || settings.model === "";

  // biome-ignore lint/correctness/useExhaustiveDependencies: `latest` holds messages and draft.
  useEffect(() => {
    if (nothing) setState({});
    if (idle || unsupported.current || settingsProblem(settings) !== undefined) return;
    return afterPause(
      async (signal) => askEstimate(await bareBody(latest.current, settings), apiKey, signal),
      (estimate) => setState({ estimate }),
      (failure) => {
        if (failure.status === 404) unsupported.current = true;
        setState(refusalOf(failure));
      },
    );
  }, [messages, text, pictures, settings, apiKey, nothing, idle]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the text changes nothing of it.
  useEffect(() => {
    if (!hasFiles) setFilesState({});
    if (!hasFiles || idle || unsupported.current) return;
    if (settingsProblem(settings) !== undefined) return;
    return afterPause(
      async (signal) => {
        const said = latest.current;
        const whole = await askEstimate(await wholeBody(said, settings), apiKey, signal);
        const bare = await askEstimate(await bareBody(said, settings), apiKey, signal);
        return { whole, bare };
      },
      (costs) => setFilesState({ costs }),
      (failure) => setFilesState(refusalOf(failure)),
    );
  }, [messages, pictures, files, settings, apiKey, idle, hasFiles]);

  return useMemo(
    () => (hasFiles ? combined(state, filesState, settings) : state),
    [state, filesState, settings, hasFiles],
  );
}

function combined(
  { estimate, refusal }: EstimateState,
  files: FilesState,
  { maxTokens }: Settings,
): EstimateState {
  const why = files.refusal ?? refusal;
  if (why !== undefined) return { refusal: why };
  if (estimate === undefined || files.costs === undefined) return {};
  return { estimate: withFiles(estimate, files.costs, Math.max(1, Number(maxTokens))) };
}

/** Returns how to give it up. */
function afterPause<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  onAnswer: (answer: T) => void,
  onFailure: (failure: Failure) => void,
): () => void {
  const controller = new AbortController();
  const run = async (): Promise<void> => {
    try {
      const answer = await ask(controller.signal);
      if (!controller.signal.aborted) onAnswer(answer);
    } catch (thrown) {
      if (!controller.signal.aborted) onFailure(toFailure(thrown));
    }
  };
  const timer = setTimeout(() => void run(), PAUSE_MS);
  return () => {
    clearTimeout(timer);
    controller.abort();
  };
}

/** What the person can do nothing about here is not said. */
function refusalOf({ status, message }: Failure): { readonly refusal?: string } {
  const isRefused = status !== undefined && status < 500 && ![401, 404, 429].includes(status);
  return isRefused ? { refusal: message } : {};
}

function withDraft(messages: readonly Message[], draft: Draft): readonly Message[] {
  if (isEmpty(draft)) return messages;
  return [...messages, { role: "user", id: "draft", ...draft, text: draft.text.trim() }];
}

/** With blank pictures, and without files. */
async function bareBody(messages: readonly Message[], settings: Settings) {
  const urls = await pictureUrls(messages);
  const bare = messages.map((message) => {
    return message.role === "user" ? { ...message, files: [] } : message;
  });
  return requestBody(bare, settings, ({ id }) => urls.get(id) ?? "");
}

async function wholeBody(messages: readonly Message[], settings: Settings) {
  const urls = await pictureUrls(messages);
  for (const file of filesOf(messages)) urls.set(file.id, await dataUrlOf(file));
  return requestBody(messages, settings, ({ id }) => urls.get(id) ?? "");
}

async function pictureUrls(messages: readonly Message[]): Promise<Map<string, string>> {
  const urls = new Map<string, string>();
  for (const { id, width, height } of picturesOf(messages)) {
    urls.set(id, await standIn(width, height));
  }
  return urls;
}
