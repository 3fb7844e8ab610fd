import { allExcept, type Dialect, OPENAI, responseFormat, templateReasoning } from "../dialect.ts";

/**
 * SGLang.
 *
 * Reasoning: `chat_template_kwargs.enable_thinking`. Answers in a form: `regex` and `ebnf` at the
 * top level; a choice is a pattern. Videos: whole, as `video_url`. Pages of PDFs are rendered here.
 */
export const SGLANG: Dialect = {
  ...OPENAI,
  features: allExcept(
    "repeat_below",
    "reasoning_budget",
    "max_tiles",
    "video_pruning_rate",
    "bad_words",
  ),
  reasoning: templateReasoning,
  output: (format) => {
    switch (format.type) {
      case "regex":
        return { regex: format.pattern };
      case "choice":
        return { regex: `(${format.choices.map(escapeForPattern).join("|")})` };
      case "grammar":
        return { ebnf: format.ebnf };
      default:
        return responseFormat(format);
    }
  },
  videos: "file",
  pastReasoning: "reasoning_content",
};

function escapeForPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
