import { describe, expect, test } from "vitest";
import {
  type Answer,
  type DocumentFile,
  newAnswer,
  type Picture,
  storedOf,
  titleOf,
  type Video,
} from "../conversation/model.ts";
import { inspectionBody, requestBody } from "./request.ts";
import { DEFAULTS, readSettings, type Settings, settingsProblem } from "./settings.ts";

const picture: Picture = {
  id: "p1",
  name: "a.png",
  type: "image/png",
  width: 2,
  height: 1,
  sizeBytes: 9,
};
const question = { role: "user", id: "q", text: "Hi", pictures: [] } as const;
const answer: Answer = { ...newAnswer("m", 0), status: "done", text: "Yes", reasoning: "hm" };
const body = (settings: Partial<Settings>, messages = [question]) =>
  requestBody(messages, { ...DEFAULTS, model: "m", ...settings }, ({ id }) => `url:${id}`);

describe("a request", () => {
  test("with default settings contains only the conversation", () => {
    expect(body({})).toEqual({ model: "m", messages: [{ role: "user", content: "Hi" }] });
  });

  test("contains every changed setting", () => {
    const settings = {
      system: " Be brief. ",
      temperature: "0.5",
      topP: "0.9",
      topK: "40",
      maxTokens: "64",
      seed: "-7",
      stop: "END\n\\n\\n\n",
      repetitionPenalty: "1.1",
      reasoning: "on",
      reasoningBudget: "128",
      maxTiles: "4",
      logprobs: true,
    } as const;
    expect(body(settings)).toEqual({
      model: "m",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hi" },
      ],
      temperature: 0.5,
      top_p: 0.9,
      top_k: 40,
      max_tokens: 64,
      seed: -7,
      stop: ["END", "\n\n"],
      repetition_penalty: 1.1,
      reasoning: { enabled: true, max_tokens: 128 },
      mm_processor_kwargs: { max_num_tiles: 4 },
      logprobs: true,
      top_logprobs: 5,
    });
    expect(body({ reasoning: "off", reasoningBudget: "9" }).reasoning).toEqual({ enabled: false });
  });

  test("puts pictures before the text, and omits an empty text", () => {
    const content = (text: string) =>
      requestBody([{ ...question, text, pictures: [picture] }], DEFAULTS, ({ id }) => id)
        .messages[0]?.content;
    const image = { type: "image_url", image_url: { url: "p1" } };
    expect(content("What?")).toEqual([image, { type: "text", text: "What?" }]);
    expect(content("")).toEqual([image]);
  });

  test("omits reasoning, empty answers and incomplete calls", () => {
    const call = { id: "c", name: "f", arguments: "{}" };
    const messages = [
      question,
      answer,
      { ...answer, text: "", status: "failed" as const },
      { ...answer, text: "Hm", status: "stopped" as const, toolCalls: [call] },
      { ...answer, text: "", toolCalls: [call] },
      { role: "tool" as const, id: "t", callId: "c", name: "f", text: "5" },
    ];
    expect(requestBody(messages, DEFAULTS, () => "").messages.slice(1)).toEqual([
      { role: "assistant", content: "Yes" },
      { role: "assistant", content: "Hm" },
      {
        role: "assistant",
        content: "",
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c", content: "5" },
    ]);
  });

  test("wraps bare tools and names the one that must be called", () => {
    const tools = '[{"name": "f"}, {"type": "function", "function": {"name": "g"}}]';
    expect(body({ tools, toolChoice: "g", parallelToolCalls: false })).toMatchObject({
      tools: [
        { type: "function", function: { name: "f" } },
        { type: "function", function: { name: "g" } },
      ],
      tool_choice: { type: "function", function: { name: "g" } },
      parallel_tool_calls: false,
    });
    expect(body({ tools, toolChoice: "gone" })).not.toHaveProperty("tool_choice");
    expect(body({ tools, toolChoice: "required" }).tool_choice).toBe("required");
  });

  test("has a schema, bare or named", () => {
    const format = (schema: string) => body({ format: "json_schema", schema }).response_format;
    const schema = { type: "object" };
    expect(format(JSON.stringify(schema))).toEqual({
      type: "json_schema",
      json_schema: { name: "answer", schema, strict: true },
    });
    expect(format(JSON.stringify({ name: "bill", schema, strict: false }))).toEqual({
      type: "json_schema",
      json_schema: { name: "bill", schema, strict: false },
    });
    expect(body({ format: "json_object" }).response_format).toEqual({ type: "json_object" });
  });
});

describe("settings", () => {
  test.each<[Partial<Settings>, string]>([
    [{ temperature: "2.5" }, "Temperature must be at most 2."],
    [{ topK: "1.5" }, "Top-k must be a whole number."],
    [{ maxTokens: "0" }, "Longest answer must be at least 1."],
    [{ seed: "x" }, "Seed must be a number."],
    [{ tools: "[{" }, "Tools: "],
    [{ tools: '{"name": "a b"}' }, 'Tools: tool 1 needs a "name"'],
    [{ tools: '[{"name": "f"}, {"name": "f"}]' }, "Tools: two tools are called f"],
    [{ tools: "7" }, "Tools: tool 1 is not an object"],
    [{ format: "json_schema" }, "JSON schema: enter a schema"],
    [{ format: "json_schema", schema: "[]" }, "JSON schema: a schema is a JSON object"],
  ])("%j is refused", (settings, problem) => {
    expect(settingsProblem({ ...DEFAULTS, ...settings })).toContain(problem);
  });

  test("from storage are used as far as they are valid", () => {
    expect(readSettings(null)).toEqual(DEFAULTS);
    expect(readSettings("{")).toEqual(DEFAULTS);
    expect(readSettings("[]")).toEqual(DEFAULTS);
    const stored = { topK: "5", seed: 7, reasoning: "maybe", logprobs: true, other: 1 };
    const expected = { ...DEFAULTS, topK: "5", logprobs: true };
    expect(readSettings(JSON.stringify(stored))).toEqual(expected);
    expect(settingsProblem(DEFAULTS)).toBeUndefined();
  });
});

describe("videos and documents", () => {
  const video: Video = {
    kind: "video",
    id: "v1",
    name: "a.mp4",
    type: "video/mp4",
    sizeBytes: 9,
    playable: true,
  };
  const file: DocumentFile = {
    kind: "document",
    id: "d1",
    name: "a.pdf",
    type: "application/pdf",
    sizeBytes: 9,
  };
  const settings = {
    ...DEFAULTS,
    model: "m",
    maxTiles: "4",
    videoPruning: "0.75",
    videoFps: "1",
    videoFrames: "16",
  };
  const url = ({ id }: { readonly id: string }) => `url:${id}`;

  test("are part of the question, and only videos have sampling options", () => {
    const asked = { ...question, pictures: [picture], files: [video, file] };
    const sent = requestBody([asked], settings, url);
    expect(sent.messages[0]?.content).toEqual([
      { type: "image_url", image_url: { url: "url:p1" } },
      { type: "video_url", video_url: { url: "url:v1" } },
      { type: "file", file: { filename: "a.pdf", file_data: "url:d1" } },
      { type: "text", text: "Hi" },
    ]);
    expect(sent.mm_processor_kwargs).toEqual({ max_num_tiles: 4, video_pruning_rate: 0.75 });
    expect(sent.media_io_kwargs).toEqual({ video: { fps: 1, num_frames: 16 } });
    const without = requestBody([{ ...question, files: [file] }], settings, url);
    expect(without.mm_processor_kwargs).toEqual({ max_num_tiles: 4 });
    expect(without.media_io_kwargs).toBeUndefined();
  });

  test("are inspected in a request of their own", () => {
    expect(inspectionBody(file, settings, "url:d1", "2-5")).toEqual({
      model: "m",
      messages: [
        {
          role: "user",
          content: [
            { type: "file", file: { filename: "a.pdf", file_data: "url:d1", pages: "2-5" } },
          ],
        },
      ],
    });
    expect(inspectionBody(video, { ...settings, videoPruning: "" }, "url:v1")).toMatchObject({
      messages: [{ content: [{ type: "video_url", video_url: { url: "url:v1" } }] }],
      media_io_kwargs: { video: { fps: 1, num_frames: 16 } },
    });
  });

  test("name a conversation without text, and are saved with it", () => {
    const poster = { ...picture, id: "p2" };
    const asked = { ...question, text: "", files: [{ ...video, poster }, file] };
    expect(titleOf([asked])).toBe("a.mp4");
    expect(storedOf([asked]).map(({ id }) => id)).toEqual(["v1", "d1", "p2"]);
    expect(storedOf([question])).toEqual([]);
  });
});
