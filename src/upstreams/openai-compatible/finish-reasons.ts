import type { FinishReason, NativeFinishReason } from "../../core/chat.ts";
import type { JsonObject } from "./json-values.ts";

export interface Finish {
  readonly reason: FinishReason;
  readonly nativeReason: NativeFinishReason;
}

/** Words for finish reasons of complete answers. A word that is not here is a failure. */
const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  eos: "stop",
  eos_token: "stop",
  end_turn: "stop",
  stop_sequence: "stop",
  length: "length",
  max_tokens: "length",
  model_length: "length",
  tool_calls: "tool_calls",
  function_call: "tool_calls",
  tool_use: "tool_calls",
  content_filter: "content_filter",
  refusal: "content_filter",
  safety: "content_filter",
};

/** Native reasons that other vireo servers report. */
const NATIVE: readonly NativeFinishReason[] = [
  "stop_string",
  "context",
  "grammar_end",
  "length",
  "tool_call",
];

/**
 * The reason in a choice. hasCalls: the answer has tool calls, which some servers end with "stop".
 * Undefined: the answer is not a complete one, for example "abort" or "error".
 */
export function readFinish(choice: JsonObject, hasCalls: boolean): Finish | undefined {
  const word = String(choice.finish_reason).toLowerCase();
  const known = Object.hasOwn(REASONS, word) ? REASONS[word] : undefined;
  if (known === undefined) return undefined;
  const reason = reconcile(known, hasCalls);
  return { reason, nativeReason: readNative(choice, reason, word) };
}

function reconcile(reason: FinishReason, hasCalls: boolean): FinishReason {
  if (reason === "stop" && hasCalls) return "tool_calls";
  if (reason === "tool_calls" && !hasCalls) return "stop";
  return reason;
}

function readNative(choice: JsonObject, reason: FinishReason, word: string): NativeFinishReason {
  const native = NATIVE.find((one) => one === choice.native_finish_reason);
  if (reason === "tool_calls") return "tool_call";
  if (reason === "content_filter") return "content_filter";
  if (reason === "length") return native === "context" ? native : "length";
  // vLLM and SGLang name the stop string that matched
  const matched = choice.stop_reason ?? choice.matched_stop;
  if (typeof matched === "string" || word === "stop_sequence") return "stop_string";
  return native === "stop_string" || native === "grammar_end" ? native : "eos";
}
