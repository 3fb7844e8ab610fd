import { describe, expect, test } from "vitest";
import { VireoError } from "../../core/errors.ts";
import { parseChatRequest } from "./chat.ts";

const PNG = `data:image/png;base64,${Buffer.from("\x89PNG").toString("base64")}`;
const user = (content: unknown) => ({ role: "user", content });
const base = { model: "m", messages: [user("Hi")] };

function refusal(body: unknown): VireoError {
  try {
    parseChatRequest(body);
  } catch (error) {
    if (error instanceof VireoError) return error;
    throw error;
  }
  throw new Error("not refused");
}

describe("errors name the field", () => {
  const part = (value: unknown) => ({ messages: [user([value])] });
  const image = (url: unknown) => part({ type: "image_url", image_url: { url } });
  const video = (url: unknown) => part({ type: "video_url", video_url: { url } });
  const mp4 = "data:video/mp4;base64,AAAA";
  const at = "messages[0].content[0]";
  test.each<[object, string, string | undefined]>([
    [{ model: undefined }, "missing_required", "model"],
    [{ model: 5 }, "invalid_type", "model"],
    [{ messages: undefined }, "missing_required", "messages"],
    [{ messages: [] }, "out_of_range", "messages"],
    [{ messages: "Hi" }, "invalid_type", "messages"],
    [{ messages: Array(1001).fill(user("a")) }, "out_of_range", "messages"],
    [{ messages: [5] }, "invalid_type", "messages[0]"],
    [{ messages: [{ role: "boss", content: "a" }] }, "out_of_range", "messages[0].role"],
    [{ messages: [{ role: "user" }] }, "missing_required", "messages[0].content"],
    [{ messages: [user(5)] }, "invalid_type", "messages[0].content"],
    [{ messages: [user("\ud800")] }, "out_of_range", "messages[0].content"],
    [
      { messages: [user("a"), { role: "tool", tool_call_id: "x", content: "b" }] },
      "out_of_range",
      "messages[1].tool_call_id",
    ],
    [part({ type: "text" }), "missing_required", `${at}.text`],
    [part({ type: "hologram" }), "invalid_type", `${at}.type`],
    [video("x"), "invalid_media", `${at}.video_url.url`],
    [video("data:image/png;base64,AAAA"), "unsupported_modality", `${at}.video_url.url`],
    [video("data:video/mp4;base64,"), "invalid_media", `${at}.video_url.url`],
    [video("data:video/mp4;base64,A"), "invalid_media", `${at}.video_url.url`],
    [video("data:video/jpeg;base64,AAAA,,AAAA"), "invalid_media", `${at}.video_url.url`],
    [video("data:video/jpeg;base64,AAAA,*"), "invalid_media", `${at}.video_url.url`],
    [
      video(`data:video/jpeg;base64,${Array(5000).fill("AAAA").join()}`),
      "media_too_large",
      `${at}.video_url.url`,
    ],
    [part({ type: "video_url", video_url: mp4, fps: 0 }), "out_of_range", `${at}.fps`],
    [part({ type: "video_url", video_url: mp4, start: 2, end: 1 }), "out_of_range", `${at}.end`],
    [
      { messages: [user(Array(9).fill({ type: "video_url", video_url: mp4 }))] },
      "too_many_videos",
      "messages",
    ],
    [
      { messages: [{ role: "system", content: [{ type: "video_url", video_url: mp4 }] }] },
      "unsupported_modality",
      at,
    ],
    ...[-2, 0, 1e9, 1.5, "128", null, [1]].map(
      (num_frames): [object, string, string | undefined] => [
        { media_io_kwargs: { video: { num_frames: num_frames ?? "x" } } },
        num_frames === -2 || num_frames === 0 || num_frames === 1e9
          ? "out_of_range"
          : "invalid_type",
        "media_io_kwargs.video.num_frames",
      ],
    ),
    [{ media_io_kwargs: { video: { fps: -2 } } }, "out_of_range", "media_io_kwargs.video.fps"],
    [{ media_io_kwargs: { video: 5 } }, "invalid_type", "media_io_kwargs.video"],
    [{ media_io_kwargs: { image: { mode: 1 } } }, "unsupported_parameter", "media_io_kwargs"],
    [
      { mm_processor_kwargs: { video_pruning_rate: 1 } },
      "out_of_range",
      "mm_processor_kwargs.video_pruning_rate",
    ],
    [part({ type: "input_audio" }), "unsupported_modality", at],
    [part({ type: "file", file: {} }), "missing_required", `${at}.file.file_data`],
    [part({ type: "image_url", image_url: {} }), "missing_required", `${at}.image_url.url`],
    [part({ type: "video_url" }), "missing_required", `${at}.video_url`],
    [part({ type: "file", file: { file_data: "%" } }), "invalid_media", `${at}.file.file_data`],
    [part({ type: "file", file: { file_data: "AA==", dpi: 1 } }), "out_of_range", `${at}.file.dpi`],
    [image("file:///etc/passwd"), "invalid_media", `${at}.image_url.url`],
    [image("//host/share"), "invalid_media", `${at}.image_url.url`],
    [image("data:text/html;base64,AAAA"), "invalid_media", `${at}.image_url.url`],
    [image("data:image/svg+xml;base64,AAAA"), "unsupported_media_type", `${at}.image_url.url`],
    [image("data:video/mp4;base64,AAAA"), "unsupported_modality", `${at}.image_url.url`],
    [image("data:image/png;base64"), "invalid_media", `${at}.image_url.url`],
    [image("data:image/png;base64,AA%zz"), "invalid_media", `${at}.image_url.url`],
    [image("data:;base64,"), "invalid_media", `${at}.image_url.url`],
    [image("data:image/png;base64,A-_A"), "invalid_media", `${at}.image_url.url`],
    [image("data:image/png;base64,AA==AA"), "invalid_media", `${at}.image_url.url`],
    [image("data:image/png;base64,AAAAA"), "invalid_media", `${at}.image_url.url`],
    [image(`data:image/png;base64,${"A".repeat(3e7)}`), "media_too_large", `${at}.image_url.url`],
    [image(5), "invalid_type", `${at}.image_url.url`],
    [
      { messages: [{ role: "assistant", content: [{ type: "image_url", image_url: PNG }] }] },
      "unsupported_modality",
      at,
    ],
    [
      { messages: [user(Array(65).fill({ type: "image_url", image_url: PNG }))] },
      "too_many_images",
      "messages",
    ],
    [{ max_tokens: 0 }, "out_of_range", "max_tokens"],
    [{ max_tokens: -1 }, "out_of_range", "max_tokens"],
    [{ max_tokens: 2 ** 31 }, "out_of_range", "max_tokens"],
    [{ max_tokens: 1.5 }, "invalid_type", "max_tokens"],
    [{ max_tokens: "10" }, "invalid_type", "max_tokens"],
    [{ max_tokens: 5, max_completion_tokens: 6 }, "out_of_range", "max_tokens"],
    [{ min_tokens: 6, max_tokens: 5 }, "out_of_range", "min_tokens"],
    [{ temperature: Number.NaN }, "out_of_range", "temperature"],
    [{ temperature: Number.POSITIVE_INFINITY }, "out_of_range", "temperature"],
    [{ temperature: 1e308 }, "out_of_range", "temperature"],
    [{ temperature: "1" }, "invalid_type", "temperature"],
    [{ top_p: 0 }, "out_of_range", "top_p"],
    [{ top_k: -2 }, "out_of_range", "top_k"],
    [{ min_p: 1.1 }, "out_of_range", "min_p"],
    [{ repetition_penalty: 0 }, "out_of_range", "repetition_penalty"],
    [{ presence_penalty: 3 }, "out_of_range", "presence_penalty"],
    [{ seed: 2 ** 63 }, "out_of_range", "seed"],
    [{ seed: 0.5 }, "out_of_range", "seed"],
    [{ n: 1e6 }, "out_of_range", "n"],
    [{ n: 9 }, "out_of_range", "n"],
    [{ stop: [""] }, "out_of_range", "stop[0]"],
    [{ stop: Array(17).fill("a") }, "out_of_range", "stop"],
    [{ stop: 5 }, "invalid_type", "stop"],
    [{ stop: "a".repeat(257) }, "out_of_range", "stop"],
    [{ logit_bias: { a: 1 } }, "out_of_range", "logit_bias"],
    [{ logit_bias: { 5: 101 } }, "out_of_range", "logit_bias"],
    [{ logit_bias: { 99999999: 1 } }, "out_of_range", "logit_bias"],
    [{ logit_bias: [1] }, "out_of_range", "logit_bias"],
    [{ top_logprobs: 3 }, "out_of_range", "top_logprobs"],
    [{ logprobs: true, top_logprobs: 21 }, "out_of_range", "top_logprobs"],
    [{ stream_options: { include_usage: true } }, "out_of_range", "stream_options"],
    [{ reasoning_effort: "huge" }, "out_of_range", "reasoning_effort"],
    [
      { reasoning_effort: "none", reasoning: { enabled: true } },
      "out_of_range",
      "reasoning_effort",
    ],
    [
      { mm_processor_kwargs: { max_num_tiles: 13 } },
      "out_of_range",
      "mm_processor_kwargs.max_num_tiles",
    ],
    [{ tools: [{}] }, "missing_required", "tools[0].type"],
    [{ typical_p: 0.5 }, "unsupported_parameter", "typical_p"],
    [{ bad_words: [""] }, "out_of_range", "bad_words[0]"],
    [{ bad_words: Array(200).fill("a") }, "out_of_range", "bad_words"],
    [{ stop_token_ids: [1.5] }, "invalid_type", "stop_token_ids[0]"],
    [{ reasoning_format: "xml" }, "out_of_range", "reasoning_format"],
    [{ reasoning_format: "none", include_reasoning: true }, "out_of_range", "reasoning_format"],
    [{ model: "m:thinking", reasoning_effort: "none" }, "out_of_range", "reasoning_effort"],
    [{ continue_final_message: true }, "out_of_range", "continue_final_message"],
    [{ metadata: [1] }, "out_of_range", "metadata"],
  ])("%#: %s", (fields, code, param) => {
    const error = refusal({ ...base, ...fields });
    expect({ code: error.code, param: error.param }).toEqual({ code, param });
    expect(error.message).toContain(param ?? "");
    expect(error.message.length).toBeLessThan(400);
  });

  test("refuses a body that is not an object", () => {
    for (const body of [[], "a", 5, null, undefined]) {
      expect(refusal(body).code).toBe("invalid_type");
    }
  });
});
