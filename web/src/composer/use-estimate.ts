import { useEffect, useRef, useState } from "react";
import { estimate as askEstimate } from "../api/client.ts";
import { toFailure } from "../api/failure.ts";
import type { Estimate } from "../api/types.ts";
import { standIn } from "../pictures/stand-in.ts";
import { type Message, picturesOf } from "../state/conversation.ts";
import type { Draft } from "../state/reducer.ts";
import { requestBody } from "../state/request.ts";
import { type Settings, settingsProblem } from "../state/settings.ts";

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

/**
 * What the next request would cost, asked for after a pause in typing. Servers without estimates
 * are asked once.
 */
export function useEstimate({ messages, draft, settings, apiKey, paused }: EstimateInput) {
  const [state, setState] = useState<EstimateState>({});
  const unsupported = useRef(false);
  const { text, pictures } = draft;
  const nothing = messages.length === 0 && text.trim() === "" && pictures.length === 0;
  useEffect(() => {
    if (nothing) setState({});
    if (nothing || paused || unsupported.current || settings.model === "") return;
    if (settingsProblem(settings) !== undefined) return;
    const controller = new AbortController();
    const ask = async (): Promise<void> => {
      const said: Message[] =
        text.trim() === "" && pictures.length === 0
          ? []
          : [{ role: "user", id: "draft", text: text.trim(), pictures }];
      try {
        const body = await bodyOf([...messages, ...said], settings);
        setState({ estimate: await askEstimate(body, apiKey, controller.signal) });
      } catch (thrown) {
        if (controller.signal.aborted) return;
        const { status, message } = toFailure(thrown);
        if (status === 404) unsupported.current = true;
        setState(
          status !== undefined && status < 500 && ![401, 404, 429].includes(status)
            ? { refusal: message }
            : {},
        );
      }
    };
    const timer = setTimeout(() => void ask(), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [messages, text, pictures, settings, apiKey, paused, nothing]);
  return state;
}

async function bodyOf(messages: readonly Message[], settings: Settings) {
  const urls = new Map<string, string>();
  for (const { id, width, height } of picturesOf(messages)) {
    urls.set(id, await standIn(width, height));
  }
  return requestBody(messages, settings, ({ id }) => urls.get(id) ?? "");
}
