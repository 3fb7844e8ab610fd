import { describe, expect, test } from "vitest";
import { parseChatRequest } from "./chat.ts";
import { chatBody } from "./chat-schema.ts";

const PNG = `data:image/png;base64,${Buffer.from("\x89PNG").toString("base64")}`;
const user = (content: unknown) => ({ role: "user", content });
const base = { model: "m", messages: [user("Hi")] };

describe("converts a body to a request", () => {
  test("with only the required fields", () => {
    expect(parseChatRequest(base)).toEqual({
      request: {
        messages: [{ role: "user", content: "Hi" }],
        sampling: {
          temperature: 0,
          topP: 1,
          topK: 0,
          minP: 0,
          repetitionPenalty: 1,
          frequencyPenalty: 0,
          presencePenalty: 0,
          logitBias: [],
        },
        stop: [],
        reasoning: {},
      },
      model: "m",
      aliases: new Map(),
      count: 1,
      continuousUsage: false,
      logprobs: false,
      stream: false,
      includeUsage: false,
      reasoningFormat: "all",
      ignoredParams: [],
      warnings: [],
    });
  });

  test("with every field", () => {
    const { request, ...rest } = parseChatRequest({
      ...base,
      max_completion_tokens: 7,
      min_tokens: 2,
      ignore_eos: true,
      stop: ["a", "b"],
      temperature: 0.5,
      top_p: 0.5,
      top_k: 5,
      min_p: 0.1,
      repetition_penalty: 1.1,
      frequency_penalty: -1,
      presence_penalty: 1,
      seed: -5,
      logit_bias: { 12: -100 },
      logprobs: true,
      top_logprobs: 3,
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false },
      reasoning: { effort: "high", max_tokens: 99, exclude: true },
      mm_processor_kwargs: { max_num_tiles: 4, other: 1 },
      user: "u",
      metadata: { a: "b" },
      store: false,
      "bad\r\nname": 1,
    });
    expect(request).toEqual({
      messages: [{ role: "user", content: "Hi" }],
      sampling: {
        temperature: 0.5,
        topP: 0.5,
        topK: 5,
        minP: 0.1,
        repetitionPenalty: 1.1,
        frequencyPenalty: -1,
        presencePenalty: 1,
        logitBias: [[12, -100]],
        seed: -5n,
      },
      stop: ["a", "b"],
      maxTokens: 7,
      minTokens: 2,
      ignoreEos: true,
      topLogprobs: 3,
      maxTiles: 4,
      reasoning: { enabled: true, budgetTokens: 99 },
    });
    expect(rest).toEqual({
      aliases: new Map(),
      count: 1,
      continuousUsage: false,
      logprobs: true,
      model: "m",
      stream: true,
      includeUsage: true,
      reasoningFormat: "none",
      ignoredParams: ["store", "stream_options.include_obfuscation", "mm_processor_kwargs.other"],
      warnings: [],
    });
  });

  test("null equals an absent field", () => {
    const names = ["max_tokens", "stop", "temperature", "seed", "tools", "logit_bias", "stream"];
    const nulls = Object.fromEntries(names.map((name) => [name, null]));
    expect(parseChatRequest({ ...base, ...nulls }).request).toEqual(parseChatRequest(base).request);
  });

  test("messages of every role and every form of part", () => {
    const { messages } = parseChatRequest({
      model: "m",
      messages: [
        { role: "system", content: "a" },
        { role: "developer", content: [{ type: "text", text: "b" }] },
        user([
          { type: "input_text", text: "c", cache_control: { type: "ephemeral" } },
          { type: "image_url", image_url: { url: PNG, detail: "low" } },
          { type: "image_url", image_url: PNG },
          { type: "input_image", image_url: PNG },
        ]),
        {
          role: "assistant",
          content: null,
          reasoning_content: "left out",
          tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "1", content: "r" },
        { role: "assistant", content: "d" },
      ],
    }).request;
    const image = { type: "image", bytes: Buffer.from("\x89PNG") };
    expect(messages).toEqual([
      { role: "system", content: "a\n\nb" },
      {
        role: "user",
        content: [{ type: "text", text: "c" }, { ...image, maxTiles: 1 }, image, image],
      },
      { role: "assistant", content: "", toolCalls: [{ name: "f", arguments: "{}" }] },
      { role: "tool", content: "r" },
      { role: "assistant", content: "d" },
    ]);
  });
});

describe("videos", () => {
  const parsed = (part: object, changes: object = {}) =>
    parseChatRequest({
      ...base,
      ...changes,
      messages: [user([part, { type: "text", text: "?" }])],
    });

  test("accept files, lists of frames and URLs", () => {
    const of = (url: string, rest: object = {}) => {
      const { messages } = parsed({ type: "video_url", video_url: { url }, ...rest }).request;
      return messages[0]?.content[0];
    };
    const bytes = Buffer.from("abc");
    expect(of("data:video/mp4;base64,YWJj")).toEqual({ type: "video", bytes });
    expect(of("data:;base64,YWJj")).toEqual({ type: "video", bytes });
    expect(of("data:image/gif;base64,YWJj")).toEqual({ type: "video", bytes });
    expect(of("data:video/jpeg;base64,YWJj,YWJj")).toEqual({
      type: "video",
      bytes: new Uint8Array(),
      frames: [bytes, bytes],
    });
    const sampling = { fps: 1, maxFrames: 4, startSeconds: 0, endSeconds: 2.5 };
    const said = { fps: 1, num_frames: 4, start: 0, end: 2.5 };
    expect(of("https://example.com/a.mp4", said)).toEqual({
      type: "video",
      bytes: new Uint8Array(),
      url: "https://example.com/a.mp4",
      param: "messages[0].content[0].video_url.url",
      sampling,
    });
  });

  test("accept options for all videos", () => {
    const video = { num_frames: 8, backend: "opencv" };
    const changes = {
      media_io_kwargs: { video },
      mm_processor_kwargs: { video_pruning_rate: 0.75 },
    };
    const { request, ignoredParams } = parseChatRequest({ ...base, ...changes });
    expect(request.videoSampling).toEqual({ maxFrames: 8 });
    expect(request.videoPruningRate).toBe(0.75);
    expect(ignoredParams).toEqual(["media_io_kwargs.video.backend"]);
  });

  test("are reasoned about on request, with a warning", () => {
    const part = { type: "input_video", video_url: "data:video/mp4;base64,YWJj" };
    const { request, warnings, ignoredParams } = parsed(part, { reasoning_effort: "high" });
    expect(request.reasoning?.enabled).toBe(true);
    expect(request.sampling?.temperature).toBe(0.6);
    expect(warnings.map(({ code }) => code)).toEqual(["reasoning_with_video"]);
    expect(ignoredParams).toEqual([]);
    expect(parsed(part).warnings).toEqual([]);
  });
});

describe("the server's default for reasoning", () => {
  const models = [
    {
      id: "m",
      aliases: [],
      createdUnix: 0,
      ownedBy: "local",
      contextTokens: 9,
      maxOutputTokens: 9,
      fingerprint: "f",
      reasoning: true,
    },
  ];
  const video = { type: "input_video", video_url: "data:video/mp4;base64,YWJj" };
  const asked = (content: unknown) => [{ role: "user", content }];

  test("applies if neither the request nor a message decides", () => {
    const { request } = parseChatRequest(base, models);
    expect(request.reasoning?.enabled).toBe(true);
    expect(request.sampling?.temperature).toBe(0.6);
    const off = parseChatRequest({ ...base, reasoning: { enabled: false } }, models);
    expect(off.request.reasoning?.enabled).toBe(false);
    const said = parseChatRequest({ ...base, messages: asked("Hi /no_think") }, models);
    expect(said.request.sampling?.temperature).toBe(0);
  });

  test("does not apply to requests with a video", () => {
    const { request, warnings } = parseChatRequest({ ...base, messages: asked([video]) }, models);
    expect(request.reasoning?.enabled).toBeUndefined();
    expect(warnings).toEqual([]);
  });
});

describe("bodies of agents and front ends", () => {
  const mp4 = "YWJj";
  const bytes = Buffer.from("abc");
  const partOf = (part: object) => {
    return parseChatRequest({ ...base, messages: [user([part])] }).request.messages[0]?.content[0];
  };

  test.each([
    { type: "input_video", input_video: { data: mp4, format: "mp4" } },
    { type: "input_video", input_video: { data: `data:video/webm;base64,${mp4}` } },
    { type: "input_video", input_video: { url: `data:video/mp4;base64,${mp4}` } },
    { type: "input_video", video_url: { url: `data:video/mp4;base64,${mp4}` } },
    { type: "video_url", video_url: `data:video/mp4;base64,${mp4}` },
    { type: "video", video: `data:video/mp4;base64,${mp4}` },
  ])("a video as %j", (part) => {
    expect(partOf(part)).toEqual({ type: "video", bytes });
  });

  test.each([
    { type: "image", image: PNG },
    { type: "image", image_url: { url: PNG } },
    { type: "input_image", image_url: { url: PNG, detail: null } },
  ])("a picture as %j", (part) => {
    expect(partOf(part)).toEqual({ type: "image", bytes: Buffer.from("\x89PNG") });
  });

  test("accepts -1 for as many frames as the server allows", () => {
    const video = { num_frames: -1 };
    const { request } = parseChatRequest({ ...base, media_io_kwargs: { video } });
    expect(request.videoSampling?.maxFrames).toBeGreaterThan(1e5);
  });

  test.each([
    [{ content: null }, ""],
    [{}, ""],
    [{ content: "" }, ""],
    [{ content: [] }, []],
    [{ content: null, refusal: "No." }, "No."],
    [{ content: null, tool_calls: null, function_call: null, audio: null, refusal: null }, ""],
    [{ content: [{ type: "refusal", refusal: "No." }] }, [{ type: "text", text: "No." }]],
    [
      {
        content: [
          { type: "thinking", thinking: "hm" },
          { type: "text", text: "So" },
        ],
        name: "Al",
      },
      [{ type: "text", text: "So" }],
    ],
  ])("an assistant's message of %j", (said, content) => {
    const messages = [user("Hi"), { role: "assistant", ...said }, user("And?")];
    const [, answer] = parseChatRequest({ ...base, messages }).request.messages;
    expect(answer).toEqual({ role: "assistant", content });
  });

  test("accepts null for every optional field", () => {
    const required = ["model", "messages"];
    const names = Object.keys(chatBody.shape).filter((name) => !required.includes(name));
    const nulls = Object.fromEntries(names.map((name) => [name, null]));
    expect(parseChatRequest({ ...base, ...nulls }).request).toEqual(parseChatRequest(base).request);
  });

  test("accepts metadata in any form", () => {
    const metadata = { session: { id: 5, tags: ["a"] }, long: "x".repeat(2000) };
    expect(() => parseChatRequest({ ...base, metadata })).not.toThrow();
  });
});

describe("reasoning", () => {
  test.each([
    [{ reasoning_effort: "none" }, { enabled: false }],
    [{ reasoning_effort: "low" }, { enabled: true }],
    [{ reasoning: { enabled: true } }, { enabled: true }],
    [{ reasoning: { max_tokens: 0 } }, { enabled: false }],
    [{ reasoning: { max_tokens: 50 } }, { enabled: true, budgetTokens: 50 }],
    [{ thinking_token_budget: 50 }, { budgetTokens: 50 }],
    [{ thinking_token_budget: 0 }, { enabled: false }],
    [{ chat_template_kwargs: { enable_thinking: true } }, { enabled: true }],
  ])("%j", (fields, expected) => {
    expect(parseChatRequest({ ...base, ...fields }).request.reasoning).toEqual(expected);
  });

  test("changes the default sampling", () => {
    const { request } = parseChatRequest({ model: "m", messages: [user("Hi /think")] });
    expect(request.sampling).toMatchObject({ temperature: 0.6, topP: 0.95 });
    const field = { ...base, reasoning_effort: "high", temperature: 0 };
    expect(parseChatRequest(field).request.sampling?.temperature).toBe(0);
  });
});
