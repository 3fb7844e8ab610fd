import { type Dialect, OPENAI, pdfFilePart, reasoningObject, standardAnd } from "../dialect.ts";

/**
 * OpenRouter.
 *
 * Reasoning: the `reasoning` object. Videos: whole, as `video_url`. PDFs: `file` parts, where
 * neither pages nor a resolution are chosen.
 */
export const OPENROUTER: Dialect = {
  ...OPENAI,
  features: standardAnd(
    "videos",
    "documents",
    "reasoning",
    "reasoning_budget",
    "past_reasoning",
    "top_k",
    "min_p",
    "repetition_penalty",
  ),
  reasoning: reasoningObject,
  videos: "file",
  pdfPart: pdfFilePart,
  pastReasoning: "reasoning",
};
