// Needs: ffmpeg.

import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { pdf } from "../../../tests/fixtures/pdf-files.ts";
import { ffmpeg, pattern } from "../../../tests/fixtures/video-files.ts";
import type { ChatRequest, ContentPart } from "../../core/chat.ts";
import { missingFeatures } from "../../core/features.ts";
import { FfmpegDecoder } from "../../media/video-decoder.ts";
import { DIALECTS, type DialectName } from "./dialects/names.ts";
import type { JsonObject } from "./json-values.ts";
import { createMediaQueue } from "./messages.ts";
import { toWireRequest } from "./request-body.ts";

const NAMES = Object.keys(DIALECTS) as DialectName[];
const tools = { decoder: new FfmpegDecoder(), maxFrames: 4, queue: createMediaQueue() };
const { signal } = new AbortController();

async function bodyOf(name: DialectName, request: Partial<ChatRequest>): Promise<JsonObject> {
  const context = { dialect: DIALECTS[name], tools, signal, model: "there", extraBody: {} };
  const messages = [{ role: "user", content: "Hi" } as const];
  return (await toWireRequest({ messages, ...request }, context)).body;
}

/** The parts of the only message. */
async function partsOf(name: DialectName, part: ContentPart, more: Partial<ChatRequest> = {}) {
  const body = await bodyOf(name, { messages: [{ role: "user", content: [part] }], ...more });
  return (body.messages as readonly { readonly content: readonly JsonObject[] }[])[0]!.content;
}

test.each(NAMES)("%s: a plain request has only what every server knows", async (name) => {
  expect(JSON.parse(JSON.stringify(await bodyOf(name, {})))).toEqual({
    model: "there",
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0,
  });
});

describe("reasoning", () => {
  test.each([
    ["openai", {}],
    ["vllm", { chat_template_kwargs: { enable_thinking: true }, thinking_token_budget: 50 }],
    ["sglang", { chat_template_kwargs: { enable_thinking: true } }],
    [
      "llama-server",
      { chat_template_kwargs: { enable_thinking: true }, thinking_budget_tokens: 50 },
    ],
    ["openrouter", { reasoning: { enabled: true, max_tokens: 50 } }],
    ["vercel", { reasoning: { enabled: true, max_tokens: 50 } }],
    ["vireo", { reasoning: { enabled: true, max_tokens: 50 } }],
  ] as const)("%s", async (name, fields) => {
    const plain = await bodyOf(name, {});
    const reasoning = { enabled: true, budgetTokens: 50 };
    expect(await bodyOf(name, { reasoning })).toEqual({ ...plain, ...fields });
  });

  test("nim takes it from the system message", async () => {
    const system = { role: "system", content: "Be brief." } as const;
    const user = { role: "user", content: "Hi" } as const;
    const on = await bodyOf("nim", { messages: [system, user], reasoning: { enabled: true } });
    expect(on.messages).toEqual([{ role: "system", content: "Be brief.\n/think" }, user]);
    const off = await bodyOf("nim", { messages: [user], reasoning: { budgetTokens: 0 } });
    expect(off.messages).toEqual([{ role: "system", content: "/no_think" }, user]);
  });

  test("that was said before goes back where the server takes it", async () => {
    const messages = [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Ho", reasoning: "hm" },
    ] as const;
    const last = async (name: DialectName) => {
      return ((await bodyOf(name, { messages })).messages as readonly JsonObject[])[1];
    };
    expect(await last("openrouter")).toEqual({ role: "assistant", content: "Ho", reasoning: "hm" });
    expect(await last("vireo")).toMatchObject({ reasoning_content: "hm" });
    expect(await bodyOf("vireo", { messages })).toMatchObject({ keep_reasoning: true });
    expect(await last("openai")).toEqual({ role: "assistant", content: "Ho" });
  });
});

describe("the form of the answer", () => {
  const schema = JSON.stringify({ type: "object" });
  const json = {
    response_format: {
      type: "json_schema",
      json_schema: { name: "answer", strict: true, schema: { type: "object" } },
    },
  };
  test.each(NAMES)("%s: JSON", async (name) => {
    expect(await bodyOf(name, { output: { type: "json_schema", schema } })).toMatchObject(json);
    const plain = { response_format: { type: "json_object" } };
    expect(await bodyOf(name, { output: { type: "json_object" } })).toMatchObject(plain);
  });
  test.each([
    ["vllm", "regex", { structured_outputs: { regex: "a+" } }],
    ["vllm", "choice", { structured_outputs: { choice: ["a.b", 'c"d'] } }],
    ["vllm", "grammar", { structured_outputs: { grammar: "root ::= x" } }],
    ["vireo", "choice", { structured_outputs: { choice: ["a.b", 'c"d'] } }],
    ["nim", "choice", { nvext: { guided_choice: ["a.b", 'c"d'] } }],
    ["nim", "regex", { nvext: { guided_regex: "a+" } }],
    ["sglang", "regex", { regex: "a+" }],
    ["sglang", "choice", { regex: '(a\\.b|c"d)' }],
    ["sglang", "grammar", { ebnf: "root ::= x" }],
    ["llama-server", "choice", { grammar: 'root ::= "a.b" | "c\\"d"' }],
    ["llama-server", "grammar", { grammar: "root ::= x" }],
  ] as const)("%s: %s", async (name, type, fields) => {
    const formats = {
      regex: { type: "regex", pattern: "a+" },
      choice: { type: "choice", choices: ["a.b", 'c"d'] },
      grammar: { type: "grammar", ebnf: "root ::= x" },
    } as const;
    expect(await bodyOf(name, { output: formats[type] })).toMatchObject(fields);
  });
  test("that is no JSON is the caller's fault", async () => {
    const output = { type: "json_schema", schema: "{nothing" } as const;
    await expect(bodyOf("vllm", { output })).rejects.toMatchObject({ code: "invalid_schema" });
  });
  test("is refused before the request is sent where the server lacks it", () => {
    const output = { type: "regex", pattern: "a+" } as const;
    for (const name of ["openai", "openrouter", "vercel", "llama-server"] as const) {
      const { refused } = missingFeatures({ messages: [], output }, DIALECTS[name].features);
      expect([name, refused]).toEqual([name, ["regex"]]);
    }
  });
});

test("options have the server's names; those that it lacks are left out and listed", async () => {
  const sampling = { topK: 5, minP: 0.1, repetitionPenalty: 1.1, badWords: ["x"], seed: -1n };
  const request = { sampling, minTokens: 2, ignoreEos: true };
  const all = { top_k: 5, min_p: 0.1, bad_words: ["x"], seed: 0x7fffffff, min_tokens: 2 };
  expect(await bodyOf("vllm", request)).toMatchObject({ ...all, repetition_penalty: 1.1 });
  expect(await bodyOf("llama-server", request)).toMatchObject({ repeat_penalty: 1.1, top_k: 5 });
  const few = await bodyOf("vercel", request);
  for (const name of ["top_k", "min_p", "repetition_penalty", "bad_words", "ignore_eos"]) {
    expect(few).not.toHaveProperty(name);
  }
  const { features } = DIALECTS.vercel;
  expect(missingFeatures({ messages: [], ...request }, features).ignored).toEqual([
    "min_tokens",
    "ignore_eos",
    "top_k",
    "min_p",
    "repetition_penalty",
    "bad_words",
  ]);
});

test("tools, calls and results", async () => {
  const body = await bodyOf("vllm", {
    messages: [
      { role: "user", content: "Weather?" },
      { role: "assistant", content: "", toolCalls: [call("f"), call("g")] },
      { role: "tool", content: "sun" },
      { role: "tool", content: [{ type: "text", text: "rain" }] },
    ],
    tools: [{ name: "f", parameters: { type: "object" } }],
    toolChoice: { name: "f" },
    parallelToolCalls: false,
  });
  expect(body).toMatchObject({
    tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }],
    tool_choice: { type: "function", function: { name: "f" } },
    parallel_tool_calls: false,
  });
  const [, calls, first, second] = body.messages as readonly JsonObject[];
  const wire = (id: string, name: string) => ({
    id,
    type: "function",
    function: { name, arguments: "{}" },
  });
  const tool_calls = [wire("call00000", "f"), wire("call00001", "g")];
  expect(calls).toEqual({ role: "assistant", content: null, tool_calls });
  expect(first).toEqual({ role: "tool", tool_call_id: "call00000", content: "sun" });
  expect(second).toEqual({ role: "tool", tool_call_id: "call00001", content: "rain" });
  const none = await bodyOf("vllm", { tools: [{ name: "f" }], toolChoice: "none" });
  expect(none).not.toHaveProperty("tools");
});

function call(name: string) {
  return { name, arguments: "{}" };
}

describe("pictures", () => {
  const red = { create: { width: 8, height: 4, channels: 3, background: "red" } } as const;
  const urlOf = async (name: DialectName, bytes: Uint8Array) => {
    const [part] = await partsOf(name, { type: "image", bytes });
    return (part?.image_url as { readonly url: string }).url;
  };
  const decoded = (url: string) => sharp(Buffer.from(url.split(",")[1]!, "base64")).metadata();

  test("go as they are in formats that every server reads", async () => {
    const png = await sharp(red).png().toBuffer();
    expect(await urlOf("vllm", png)).toBe(`data:image/png;base64,${png.toString("base64")}`);
  });
  test("are converted from other formats", async () => {
    const tiff = await sharp(red).tiff().toBuffer();
    expect(await decoded(await urlOf("nim", tiff))).toMatchObject({ format: "png", width: 8 });
    const avif = await sharp(red).avif().toBuffer();
    expect(await decoded(await urlOf("nim", avif))).toMatchObject({ format: "jpeg", height: 4 });
  });
  test("are turned here, except for another vireo", async () => {
    const turned = await sharp(red).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const there = await decoded(await urlOf("vllm", turned));
    expect(there).toMatchObject({ format: "jpeg", width: 4, height: 8 });
    expect(there.orientation).toBeUndefined();
    expect(await decoded(await urlOf("vireo", turned))).toMatchObject({ orientation: 6 });
  });
});

describe("videos", () => {
  const bytes = ffmpeg(`${pattern()} -c:v libx264 -pix_fmt yuv420p -threads 1`, "mp4");
  const part = { type: "video", bytes } as const;
  const file = {
    type: "video_url",
    video_url: { url: expect.stringMatching(/^data:video\/mp4;/) },
  };

  test("go as files where the server samples them", async () => {
    for (const name of ["vllm", "nim", "sglang", "openrouter", "vireo"] as const) {
      expect([name, await partsOf(name, part)]).toEqual([name, [file]]);
    }
    const videoSampling = { fps: 1, maxFrames: 3 };
    expect(await bodyOf("vllm", { videoSampling })).toMatchObject({
      media_io_kwargs: { video: { fps: 1, num_frames: 3 } },
    });
    expect(await bodyOf("nim", { videoSampling })).toMatchObject({
      media_io_kwargs: { video: { num_frames: 3 } },
    });
    const sampling = { startSeconds: 1, endSeconds: 2 };
    expect(await partsOf("vireo", { ...part, sampling }, { videoSampling })).toMatchObject([
      { ...file, fps: 1, num_frames: 3, start: 1, end: 2 },
    ]);
  });

  test("are sampled here where the server takes none, or not this sampling", async () => {
    const window = { ...part, sampling: { startSeconds: 0.5 } };
    for (const [name, video] of [
      ["openai", part],
      ["llama-server", part],
      ["vercel", part],
      ["vllm", window],
    ] as const) {
      const [introduction, label, frame, ...rest] = await partsOf(name, video);
      expect(introduction).toEqual({ type: "text", text: "This is a video:" });
      expect(label).toMatchObject({ text: expect.stringMatching(/^Frame 1 sampled at \d\.\d\d/) });
      expect(frame).toMatchObject({
        image_url: { url: expect.stringMatching(/^data:image\/jpeg;/) },
      });
      expect(rest.length).toBeLessThanOrEqual(6);
    }
  });
});

describe("documents", () => {
  const bytes = pdf([{ lines: ["One"] }, { lines: ["Two"] }]);
  const part = { type: "document", bytes } as const;

  test("go as files where the server reads PDFs", async () => {
    const base64 = bytes.toString("base64");
    expect(await partsOf("openrouter", part)).toEqual([
      {
        type: "file",
        file: { filename: "document.pdf", file_data: `data:application/pdf;base64,${base64}` },
      },
    ]);
    const file = { filename: "document.pdf", media_type: "application/pdf", data: base64 };
    expect(await partsOf("vercel", part)).toEqual([{ type: "file", file }]);
    const chosen = { ...part, pages: "2", dpi: 72 };
    expect(await partsOf("vireo", chosen)).toMatchObject([{ file: { pages: "2", dpi: 72 } }]);
  });

  test("are rendered where it does not, or where pages are chosen", async () => {
    const png = { image_url: { url: expect.stringMatching(/^data:image\/png;/) } };
    for (const name of ["openai", "vllm", "nim", "sglang", "llama-server"] as const) {
      expect(await partsOf(name, { ...part, dpi: 72 })).toMatchObject([png, png]);
    }
    expect(await partsOf("openrouter", { ...part, pages: "2" })).toMatchObject([png]);
  });

  test("that cannot be read are the caller's fault", async () => {
    const broken = { type: "document", bytes: Buffer.from("%PDF-1.7 nothing") } as const;
    await expect(partsOf("vllm", broken)).rejects.toMatchObject({ attempt: undefined });
  });
});
