import { type Dialect, OPENAI, reasoningObject, standardAnd } from "../dialect.ts";

/**
 * The OpenAI-compatible API of Vercel's AI Gateway.
 *
 * Reasoning: the `reasoning` object. PDFs: `file` parts with `data` and `media_type`, where neither
 * pages nor a resolution are chosen. Frames of videos are sampled here.
 */
export const VERCEL: Dialect = {
  ...OPENAI,
  features: standardAnd("videos", "documents", "reasoning", "reasoning_budget", "past_reasoning"),
  reasoning: reasoningObject,
  pdfPart: (data) => {
    const file = { filename: "document.pdf", media_type: "application/pdf", data };
    return { type: "file", file };
  },
  pastReasoning: "reasoning",
};
