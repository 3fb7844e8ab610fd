import { brokenFailure, failureOfBody, isRecord, networkFailure, RequestError } from "./failure.ts";
import { readEvents } from "./sse.ts";
import type { Alternative, Token, Usage } from "./types.ts";

export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

/** One step of an answer, as it streams in. */
export type Delta =
  | { readonly type: "text"; readonly text: string; readonly tokens: readonly Token[] }
  | { readonly type: "reasoning"; readonly text: string }
  | {
      readonly type: "tool_call";
      readonly index: number;
      readonly id?: string;
      readonly name?: string;
      readonly arguments: string;
    }
  | { readonly type: "finish"; readonly reason: string }
  | { readonly type: "usage"; readonly usage: Usage };

/**
 * Reads a streamed chat completion to its end.
 *
 * Throws RequestError with the server's message if the stream contains an error. The kind is
 * `broken` if the stream ends without a finish reason and [DONE] or has a malformed chunk; it is
 * `network` if the connection is lost before the first event.
 */
export async function* readDeltas(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<Delta, void, undefined> {
  let begun = false;
  let finished = false;
  try {
    for await (const data of readEvents(body)) {
      if (data === "[DONE]") {
        if (finished) return;
        break;
      }
      begun = true;
      for (const delta of deltasOf(JSON.parse(data))) {
        finished ||= delta.type === "finish";
        yield delta;
      }
    }
  } catch (thrown) {
    if (thrown instanceof RequestError || isAbort(thrown)) throw thrown;
    throw new RequestError(begun ? brokenFailure() : networkFailure());
  }
  throw new RequestError(brokenFailure());
}

export function isAbort(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === "AbortError";
}

function deltasOf(chunk: unknown): readonly Delta[] {
  const failure = failureOfBody(chunk);
  if (failure !== undefined) throw new RequestError(failure);
  if (!isRecord(chunk) || !Array.isArray(chunk.choices)) throw new RequestError(brokenFailure());
  const deltas: Delta[] = [];
  const choice: unknown = chunk.choices[0];
  if (isRecord(choice)) {
    const { delta } = choice;
    if (isRecord(delta)) {
      const reasoning = delta.reasoning ?? delta.reasoning_content;
      if (isText(reasoning)) deltas.push({ type: "reasoning", text: reasoning });
      const tokens = tokensOf(choice.logprobs);
      const text = isText(delta.content) ? delta.content : "";
      if (text !== "" || tokens.length > 0) deltas.push({ type: "text", text, tokens });
      deltas.push(...toolCallsOf(delta.tool_calls));
    }
    if (isText(choice.finish_reason)) {
      deltas.push({ type: "finish", reason: choice.finish_reason });
    }
  }
  const usage = usageOf(chunk.usage);
  if (usage !== undefined) deltas.push({ type: "usage", usage });
  return deltas;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function toolCallsOf(calls: unknown): Delta[] {
  if (!Array.isArray(calls)) return [];
  return calls.filter(isRecord).map((call, at): Delta => {
    const written = isRecord(call.function) ? call.function : {};
    return {
      type: "tool_call",
      index: typeof call.index === "number" ? call.index : at,
      ...(isText(call.id) ? { id: call.id } : {}),
      ...(isText(written.name) ? { name: written.name } : {}),
      arguments: isText(written.arguments) ? written.arguments : "",
    };
  });
}

function tokensOf(logprobs: unknown): Token[] {
  if (!isRecord(logprobs) || !Array.isArray(logprobs.content)) return [];
  // A character of several tokens is shown at the token that completes it.
  const decoder = new TextDecoder();
  const textOf = (entry: Readonly<Record<string, unknown>>): string => {
    if (!Array.isArray(entry.bytes)) return String(entry.token ?? "");
    return decoder.decode(Uint8Array.from(entry.bytes as number[]), { stream: true });
  };
  return logprobs.content.filter(isRecord).map((entry) => ({
    token: textOf(entry),
    logprob: Number(entry.logprob ?? 0),
    alternatives: alternativesOf(entry.top_logprobs),
  }));
}

function alternativesOf(top: unknown): Alternative[] {
  if (!Array.isArray(top)) return [];
  return top.filter(isRecord).map((entry) => ({
    token: String(entry.token ?? ""),
    logprob: Number(entry.logprob ?? 0),
  }));
}

function usageOf(usage: unknown): Usage | undefined {
  if (!isRecord(usage) || typeof usage.prompt_tokens !== "number") return undefined;
  return usage as unknown as Usage;
}
