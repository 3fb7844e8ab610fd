import type { OutputFormat } from "../../../core/chat.ts";
import { defined } from "../../../core/defined.ts";
import {
  allExcept,
  type Dialect,
  OPENAI,
  responseFormat,
  templateReasoning,
  vllmMedia,
} from "../dialect.ts";
import type { JsonObject } from "../json-values.ts";

/**
 * vLLM since 0.12, which knows `structured_outputs` and no longer `guided_json`.
 *
 * Reasoning: `chat_template_kwargs.enable_thinking` and `thinking_token_budget`. Videos: whole, as
 * `video_url`; sampled by `media_io_kwargs`. Pages of PDFs are rendered here.
 */
export const VLLM: Dialect = {
  ...OPENAI,
  features: allExcept("repeat_below"),
  reasoning: (options) => {
    const { budgetTokens } = options;
    return { ...templateReasoning(options), ...defined({ thinking_token_budget: budgetTokens }) };
  },
  output: structuredOutputs,
  videos: "file",
  videoSampling: "request",
  frameLists: true,
  media: vllmMedia,
  pastReasoning: "reasoning_content",
};

function structuredOutputs(format: OutputFormat): JsonObject {
  switch (format.type) {
    case "regex":
      return { structured_outputs: { regex: format.pattern } };
    case "choice":
      return { structured_outputs: { choice: format.choices } };
    case "grammar":
      return { structured_outputs: { grammar: format.ebnf } };
    default:
      return responseFormat(format);
  }
}
