import { allExcept, type Dialect, OPENAI, responseFormat, vllmMedia } from "../dialect.ts";

/**
 * NVIDIA NIM for vision-language models, in a container or at build.nvidia.com.
 *
 * Reasoning: `/think` and `/no_think` in the system message. Videos: `video_url`, sampled by the
 * rate or by the number of frames, not by both. Answers in a form: JSON by `response_format`, the
 * others by `nvext.guided_*`. Pages of PDFs are rendered here.
 */
export const NIM: Dialect = {
  ...OPENAI,
  features: allExcept(
    "repeat_below",
    "past_reasoning",
    "reasoning_budget",
    "ignore_eos",
    "min_tokens",
    "stop_token_ids",
    "bad_words",
    "prefill",
    "raw_prompt",
  ),
  switchesInText: true,
  output: (format) => {
    switch (format.type) {
      case "regex":
        return { nvext: { guided_regex: format.pattern } };
      case "choice":
        return { nvext: { guided_choice: format.choices } };
      case "grammar":
        return { nvext: { guided_grammar: format.ebnf } };
      default:
        return responseFormat(format);
    }
  },
  videos: "file",
  videoSampling: "request",
  media: (request) => {
    const { videoSampling } = request;
    if (videoSampling?.maxFrames === undefined) return vllmMedia(request);
    const { fps: _, ...sampling } = videoSampling;
    return vllmMedia({ ...request, videoSampling: sampling });
  },
};
