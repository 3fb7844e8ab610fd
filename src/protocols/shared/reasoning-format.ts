/**
 * Where reasoning appears in an answer. all: in every field that some client reads. deepseek, vllm
 * and openrouter: in the fields of that API. inline: in the content, between tags. none: nowhere.
 */
export const REASONING_FORMATS = [
  "all",
  "deepseek",
  "openrouter",
  "vllm",
  "inline",
  "none",
] as const;
export type ReasoningFormat = (typeof REASONING_FORMATS)[number];

/** Fields for reasoning, in a message or a delta. */
export interface ReasoningBody {
  readonly reasoning_content?: string;
  readonly reasoning?: string;
  readonly reasoning_details?: readonly {
    readonly type: "reasoning.text";
    readonly text: string;
    readonly format: "unknown";
    readonly index: 0;
  }[];
}

/** Reasoning in the fields of a format; empty for inline and none. */
export function toReasoning(text: string, format: ReasoningFormat): ReasoningBody {
  const inDeepseek = format === "all" || format === "deepseek";
  const inOpenrouter = format === "all" || format === "openrouter";
  return {
    ...(inDeepseek ? { reasoning_content: text } : {}),
    ...(inOpenrouter || format === "vllm" ? { reasoning: text } : {}),
    ...(inOpenrouter
      ? { reasoning_details: [{ type: "reasoning.text", text, format: "unknown", index: 0 }] }
      : {}),
  };
}

/**
 * Writes the reasoning of one answer into its content, between `<think>` and `</think>`. Call
 * `end` when the text begins, and at the end of the answer.
 */
export function createInlineReasoning(): { push(text: string): string; end(): string } {
  let open = false;
  return {
    push(text) {
      const begin = open ? "" : "<think>\n";
      open = true;
      return begin + text;
    },
    end() {
      const end = open ? "\n</think>\n\n" : "";
      open = false;
      return end;
    },
  };
}
