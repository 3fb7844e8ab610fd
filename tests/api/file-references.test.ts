// Requests that name uploaded files by their ids, in every protocol.

import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { HAS_FFMPEG } from "../fixtures/needs.ts";
import { pdf } from "../fixtures/pdf-files.ts";
import { mp4 } from "../fixtures/video-files.ts";
import { MODEL } from "./fake-upstream.ts";
import { FileServer } from "./file-server.ts";

const host = FileServer.forTests();

describe("asked about", () => {
  const png = (background: string) =>
    sharp({ create: { width: 300, height: 200, channels: 3, background } })
      .png()
      .toBuffer();
  const post = async (path: string, body: object) => {
    const response = await fetch(`${host.server.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer sk-ann" },
      body: JSON.stringify(body),
    });
    return { status: response.status, answer: (await response.json()) as Answer };
  };
  interface Answer {
    readonly error?: { readonly code?: string; readonly type: string; readonly message: string };
    readonly prompt_tokens: number;
    readonly usage: {
      readonly prompt_tokens: number;
      readonly input_tokens: number;
      readonly cache_read_input_tokens: number;
      readonly prompt_tokens_details: Readonly<Record<string, number>>;
    };
  }
  const chat = (...content: readonly object[]) => ({
    model: MODEL,
    messages: [{ role: "user", content: [...content, { type: "text", text: "What is it?" }] }],
    max_tokens: 2,
  });
  const url = (type: string, bytes: Uint8Array) =>
    `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;

  /** Without time, which differs from run to run. */
  const counts = (estimate: object) => ({ ...estimate, predicted: undefined });

  test.skipIf(!HAS_FFMPEG)("an id works like a data: URL, in every field", async () => {
    const [image, document, video] = [
      await png("#336699"),
      pdf([{ lines: ["one"] }, { lines: ["two"] }]),
      mp4(),
    ];
    const text = Buffer.from("Some words in a file.");
    const named = await host.upload("ann", image, "a.png");
    const pages = await host.upload("ann", document, "a.pdf");
    const clip = await host.upload("ann", video, "a.mp4");
    const words = await host.upload("ann", text, "a.txt");
    const sampling = { num_frames: 3 };
    const same: [object, ...object[]][] = [
      [
        { type: "image_url", image_url: { url: url("image/png", image) } },
        { type: "image_url", image_url: { file_id: named.id } },
        { type: "image_url", file_id: named.id },
        { type: "input_image", file_id: named.id },
      ],
      [
        { type: "file", file: { file_data: url("application/pdf", document), pages: "2" } },
        { type: "file", file: { file_id: pages.id, pages: "2" } },
        { type: "input_file", file_id: pages.id, pages: "2" },
      ],
      [
        { type: "video_url", video_url: { url: url("video/mp4", video) }, ...sampling },
        { type: "video_url", video_url: { file_id: clip.id }, ...sampling },
      ],
      [
        { type: "video_url", video_url: { url: url("video/mp4", video) } },
        { type: "file", file: { file_id: clip.id } },
      ],
      [
        { type: "file", file: { file_data: url("text/plain", text) } },
        { type: "file", file: { file_id: words.id } },
      ],
    ];
    for (const [usual, ...others] of same) {
      const { answer: expected } = await post("/v1/estimate", chat(usual));
      for (const other of others) {
        const { answer: estimate } = await post("/v1/estimate", chat(other));
        expect(counts(estimate)).toEqual(counts(expected));
        const { answer } = await post("/v1/chat/completions", chat(other));
        expect(answer.error?.message).toBeUndefined();
        expect(answer.usage.prompt_tokens).toBe(expected.prompt_tokens);
      }
    }
    const { answer: expected } = await post("/v1/estimate", chat(same[0]![0], same[1]![0]));
    const inputs = [
      { type: "input_image", file_id: named.id },
      { type: "input_file", file_id: pages.id, pages: "2" },
      { type: "input_text", text: "What is it?" },
    ];
    const responses = { model: MODEL, max_output_tokens: 2 };
    const { answer: response } = await post("/v1/responses", {
      ...responses,
      input: [{ role: "user", content: inputs }],
    });
    expect(response.usage.input_tokens).toBe(expected.prompt_tokens);
    const { answer: films } = await post("/v1/responses", {
      ...responses,
      input: [{ role: "user", content: [{ type: "input_video", file_id: clip.id, ...sampling }] }],
    });
    expect(films.error).toBeFalsy();
    const blocks = [
      { type: "image", source: { type: "file", file_id: named.id } },
      { type: "document", source: { type: "file", file_id: pages.id }, pages: "2" },
      { type: "text", text: "What is it?" },
    ];
    const messages = [{ role: "user", content: blocks }];
    const { answer: message } = await post("/v1/messages", {
      model: MODEL,
      max_tokens: 2,
      messages,
    });
    const { input_tokens, cache_read_input_tokens } = message.usage;
    expect(input_tokens + cache_read_input_tokens).toBe(expected.prompt_tokens);
  });

  test("once uploaded, an image is encoded once and its prompt found again", async () => {
    const { id } = await host.upload("ann", await png("#123456"), "b.png");
    const part = { type: "image_url", image_url: { file_id: id } };
    const system = { role: "system", content: "Look well. ".repeat(40) };
    const cachedOf = async (text: string) => {
      const user = { role: "user", content: [part, { type: "text", text }] };
      const body = { model: MODEL, messages: [system, user], max_tokens: 1 };
      const { answer } = await post("/v1/chat/completions", body);
      const { cached_tokens, image_tokens } = answer.usage.prompt_tokens_details;
      return { cached: cached_tokens!, image: image_tokens! };
    };
    const first = await cachedOf("What is it?");
    expect(first.cached).toBe(0);
    const tiles = host.engine.stats.tilesEncoded;
    const second = await cachedOf("Which colour has it?");
    expect(second.cached).toBeGreaterThan(0);
    expect(second.image).toBe(first.image);
    expect(host.engine.stats.tilesEncoded).toBe(tiles);
  });

  test("an unknown id is an error in each protocol's format", async () => {
    const id = "file-nothing";
    const message = "No such File object: file-nothing";
    const part = { type: "image_url", image_url: { file_id: id } };
    const [completion, response, anthropic] = [
      await post("/v1/chat/completions", chat(part)),
      await post("/v1/responses", {
        model: MODEL,
        input: [{ role: "user", content: [{ type: "input_file", file_id: id }] }],
      }),
      await post("/v1/messages", {
        model: MODEL,
        max_tokens: 1,
        messages: [
          { role: "user", content: [{ type: "document", source: { type: "file", file_id: id } }] },
        ],
      }),
    ];
    expect([completion.status, response.status, anthropic.status]).toEqual([404, 404, 404]);
    expect(completion.answer.error).toMatchObject({
      message,
      type: "invalid_request_error",
      param: "messages[0].content[0].image_url.file_id",
      code: "file_not_found",
    });
    expect(response.answer.error).toMatchObject({ message, param: "input[0].content[0].file_id" });
    expect(anthropic.answer.error).toMatchObject({ type: "not_found_error", message });
  });

  test("a file of another kind than its part", async () => {
    const { id } = await host.upload("ann", Buffer.from("no picture"), "a.png");
    const { status, answer } = await post(
      "/v1/chat/completions",
      chat({ type: "image_url", image_url: { file_id: id } }),
    );
    expect([status, answer.error?.code]).toEqual([415, "unsupported_media_type"]);
  });
});
