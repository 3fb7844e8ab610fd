import { defined } from "../../../core/defined.ts";
import { allExcept, type Dialect, OPENAI, responseFormat, templateReasoning } from "../dialect.ts";

/**
 * llama-server of llama.cpp.
 *
 * Reasoning: `chat_template_kwargs.enable_thinking` and `thinking_budget_tokens`. Answers in a
 * form: `grammar` in GBNF; a choice is a grammar. It takes a `tool_choice` of one tool for "auto",
 * so that is refused. Frames of videos and pages of PDFs are made here.
 */
export const LLAMA_SERVER: Dialect = {
  ...OPENAI,
  features: allExcept(
    "repeat_below",
    "tool_choice_named",
    "regex",
    "bad_words",
    "stop_token_ids",
    "min_tokens",
    "max_tiles",
    "video_pruning_rate",
  ),
  samplingNames: { ...OPENAI.samplingNames, repetitionPenalty: "repeat_penalty" },
  reasoning: (options) => {
    const { budgetTokens } = options;
    return { ...templateReasoning(options), ...defined({ thinking_budget_tokens: budgetTokens }) };
  },
  output: (format) => {
    if (format.type === "grammar") return { grammar: format.ebnf };
    if (format.type !== "choice") return responseFormat(format);
    return { grammar: `root ::= ${format.choices.map(quoteForGbnf).join(" | ")}` };
  },
  pastReasoning: "reasoning_content",
};

function quoteForGbnf(text: string): string {
  const escaped = text
    .replace(/[\\"]/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
  return `"${escaped}"`;
}
