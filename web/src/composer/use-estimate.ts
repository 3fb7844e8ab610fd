import { useMemo, useState } from "react";
import { estimate as requestEstimate } from "../api/client.ts";
import { type Failure, toFailure } from "../api/failure.ts";
import type { Estimate } from "../api/types.ts";
import { filesOf, type Message, picturesOf } from "../conversation/model.ts";
import { dataUrlOf } from "../pictures/picture-store.ts";
import { standIn } from "../pictures/stand-in.ts";
import { useServer, useSettings } from "../state/contexts.ts";
import { type Draft, isEmpty } from "../state/reducer.ts";
import { requestBody } from "../state/request.ts";
import { type Settings, settingsProblem } from "../state/settings.ts";
import { type Async, useAsync } from "../ui/use-async.ts";
import { type FileCosts, withFiles } from "./file-estimates.ts";

const PAUSE_MS = 250;
const OPTIONS = { delayMs: PAUSE_MS, keepPrevious: true };

export interface EstimateState {
  readonly estimate?: Estimate;
  /** The reason why the server would refuse the current request. */
  readonly refusal?: string;
}

interface EstimateInput {
  readonly messages: readonly Message[];
  readonly draft: Draft;
  /** True while an answer is in progress; the hook then makes no estimates. */
  readonly paused: boolean;
}

/**
 * Estimates the cost of the next request after each pause in typing. If the server has no estimates
 * (status 404), the hook stops after the first request.
 *
 * Videos and documents are large, so they are sent only when they change. Their share is measured
 * once, as the difference of two estimates, and added to the estimate of the rest.
 */
export function useEstimate({ messages, draft, paused }: EstimateInput): EstimateState {
  const { settings } = useSettings();
  const { apiKey } = useServer();
  const all = useMemo(() => withDraft(messages, draft), [messages, draft]);
  const hasFiles = filesOf(all).length > 0;
  const [unsupported, setUnsupported] = useState(false);
  const isEmptyChat = all.length === 0;
  const isWrong = settings.model === "" || settingsProblem(settings) !== undefined;
  const isIdle = paused || isEmptyChat || isWrong || unsupported;
  const context = JSON.stringify([settings, apiKey]);
  const text = useAsync(
    isIdle ? undefined : `${context} ${keyOf(all, true)}`,
    async (signal) => {
      try {
        return await requestEstimate(await bareBody(all, settings), apiKey, signal);
      } catch (thrown) {
        if (toFailure(thrown).status === 404) setUnsupported(true);
        throw thrown;
      }
    },
    OPTIONS,
  );
  const files = useAsync(
    isIdle || !hasFiles ? undefined : `${context} ${keyOf(all, false)}`,
    async (signal): Promise<FileCosts> => {
      const whole = await requestEstimate(await wholeBody(all, settings), apiKey, signal);
      const bare = await requestEstimate(await bareBody(all, settings), apiKey, signal);
      return { whole, bare };
    },
    OPTIONS,
  );
  return useMemo(
    () => (isEmptyChat ? {} : combined(text, hasFiles ? files : undefined, settings)),
    [text, files, hasFiles, isEmptyChat, settings],
  );
}

function combined(
  text: Async<Estimate>,
  files: Async<FileCosts> | undefined,
  { maxTokens }: Settings,
): EstimateState {
  const refusal = refusalOf(files?.failure) ?? refusalOf(text.failure);
  if (refusal !== undefined) return { refusal };
  const estimate = text.failure === undefined ? text.value : undefined;
  if (estimate === undefined) return {};
  if (files === undefined) return { estimate };
  if (files.value === undefined || files.failure !== undefined) return {};
  return { estimate: withFiles(estimate, files.value, Math.max(1, Number(maxTokens))) };
}

/** Returns the server's refusal if the user can fix it in the composer. */
function refusalOf(failure: Failure | undefined): string | undefined {
  const { status, message } = failure ?? {};
  const isRefused = status !== undefined && status < 500 && ![401, 404, 429].includes(status);
  return isRefused ? message : undefined;
}

/** Returns a key of everything that an estimate depends on. */
function keyOf(messages: readonly Message[], withText: boolean): string {
  return messages
    .map((message) => {
      const { text } = message;
      const attached =
        message.role === "user" ? [...message.pictures, ...(message.files ?? [])] : [];
      return [message.id, withText ? text : "", ...attached.map(({ id }) => id)].join(" ");
    })
    .join("\n");
}

function withDraft(messages: readonly Message[], draft: Draft): readonly Message[] {
  if (isEmpty(draft)) return messages;
  return [...messages, { role: "user", id: "draft", ...draft, text: draft.text.trim() }];
}

/** Returns the request with blank pictures and without files. */
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
