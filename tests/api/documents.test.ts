// PDFs through every protocol that supports them: estimates equal the billed tokens.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Listening } from "../../src/server/listen.ts";
import { encryptedPdf, firstExtra, pdf, tiff } from "../fixtures/pdf-files.ts";
import { MODEL } from "./fake-upstream.ts";
import { setMediaStage } from "./media-stage.ts";

let stage: Awaited<ReturnType<typeof setMediaStage>>;
let server: Listening;
let origin: string;

const FILE = pdf([
  { lines: ["first"] },
  { lines: ["second"], box: "0 0 600 200" },
  { lines: ["third"], box: "0 0 200 600" },
]);

beforeAll(async () => {
  stage = await setMediaStage(() => FILE);
  ({ server, origin } = stage);
});
afterAll(() => stage.close());

interface Answer {
  readonly error?: { readonly code: string; readonly message: string; readonly param: string };
  readonly usage: {
    readonly prompt_tokens: number;
    readonly input_tokens: number;
    readonly cache_read_input_tokens: number;
    readonly prompt_tokens_details: Readonly<Record<string, number>>;
  };
  readonly prompt_tokens: number;
  readonly prompt_tokens_details: Readonly<Record<string, number>>;
  readonly images: readonly { width: number; height: number; tokens: number }[];
  readonly documents: readonly {
    total_pages: number;
    pages: { page: number; image: number; tokens: number }[];
    tokens: number;
  }[];
  readonly context: { readonly fits: boolean };
}

async function post(path: string, body: object, headers: object = {}) {
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, answer: (await response.json()) as Answer };
}

const base64 = (file: Uint8Array): string => Buffer.from(file).toString("base64");
const dataUrl = (file: Uint8Array): string => `data:application/pdf;base64,${base64(file)}`;
const part = (file_data: string, rest: object = {}) => ({
  type: "file",
  file: { file_data, filename: "a.pdf", ...rest },
});
const text = (words: string) => ({ type: "text", text: words });
const chat = (content: readonly object[], changes: object = {}): object => ({
  model: MODEL,
  messages: [{ role: "user", content }],
  max_tokens: 2,
  ...changes,
});

/** Estimates and then asks; both must give the same counts. */
async function billed(body: object): Promise<Answer> {
  const { answer: estimate } = await post("/v1/estimate", body);
  expect(estimate.error?.message).toBeUndefined();
  const { answer } = await post("/v1/chat/completions", body);
  expect(answer.error?.message).toBeUndefined();
  expect(answer.usage.prompt_tokens).toBe(estimate.prompt_tokens);
  const kind = "image_tokens";
  expect(answer.usage.prompt_tokens_details[kind]).toBe(estimate.prompt_tokens_details[kind]);
  return estimate;
}

describe("chat completions", () => {
  test("each page is an image, and the estimate names it", async () => {
    const image = { type: "image_url", image_url: { url: `data:;base64,${base64(tiff([G]))}` } };
    const content = [image, part(dataUrl(FILE), { pages: "3,1", dpi: 72 }), text("What is it?")];
    const { documents, images, prompt_tokens_details } = await billed(chat(content));
    expect(images.map(({ width, height }) => [width, height])).toEqual([
      [8, 6],
      [200, 600],
      [200, 200],
    ]);
    const [document] = documents;
    expect(document).toMatchObject({
      total_pages: 3,
      pages: [
        { page: 3, image: 1 },
        { page: 1, image: 2 },
      ],
    });
    const sum = images.reduce((total, { tokens }) => total + tokens, 0);
    expect(prompt_tokens_details.image_tokens).toBe(sum);
    expect(document!.tokens).toBe(images[1]!.tokens + images[2]!.tokens);
  });

  test("in every spelling, the same", async () => {
    const spellings = [
      part(dataUrl(FILE)),
      part(base64(FILE)),
      part(`${origin}/a.pdf`),
      { type: "input_file", file_data: dataUrl(FILE) },
      { type: "input_file", file_url: `${origin}/a.pdf` },
    ];
    const counts = [];
    for (const spelling of spellings) {
      counts.push((await billed(chat([spelling, text("?")]))).prompt_tokens);
    }
    expect(new Set(counts).size).toBe(1);
  });

  test("tiles, pages and dots per inch change the billed tokens", async () => {
    const seen = new Set<number>();
    for (const max_num_tiles of [1, 2, 12]) {
      for (const rest of [{ pages: "1" }, { pages: "1-2" }, { pages: "2-", dpi: 300 }]) {
        const changes = { mm_processor_kwargs: { max_num_tiles } };
        const body = chat([part(dataUrl(FILE), rest), part(base64(FILE)), text("?")], changes);
        seen.add((await billed(body)).prompt_tokens);
      }
    }
    expect(seen.size).toBeGreaterThan(5);
  });

  test("frames of a TIFF are pages, text files are text", async () => {
    const file = `data:image/tiff;base64,${base64(tiff([G, G]))}`;
    const words = `data:text/plain;base64,${base64(Buffer.from("What?"))}`;
    const { documents } = await billed(chat([part(file), part(words)]));
    expect(documents[0]?.pages).toHaveLength(2);
  });

  test("a page that cannot be rendered is listed, and the others are answered", async () => {
    const broken = FILE.toString("latin1").replace("6 0 obj\n<<", "6 0 obj\n((");
    const body = chat([part(dataUrl(Buffer.from(broken, "latin1"))), text("?")]);
    const { documents } = await billed(body);
    expect(documents[0]).toMatchObject({
      pages: [{ page: 1 }, { page: 3 }],
      failed_pages: [{ page: 2, reason: expect.stringMatching(/page 2/) }],
    });
    const looked = chat([part(dataUrl(Buffer.from(broken, "latin1")), { pages: "1-3" })]);
    const { answer } = await post("/v1/inspect/document", looked);
    expect(answer).toMatchObject({
      pages: [{ page: 1 }, { page: 3 }],
      failed_pages: [{ page: 2 }],
    });
  });

  test("characters that no font has are counted", async () => {
    const font =
      "<< /Type /Font /Subtype /TrueType /BaseFont /Arial /FirstChar 1 /LastChar 1 /Widths [600] " +
      "/Encoding << /BaseEncoding /WinAnsiEncoding /Differences [1 /uni65E5] >> >>";
    const entries = `/Resources << /Font << /F1 ${firstExtra(1)} 0 R >> >>`;
    const file = pdf([{ lines: ["\x01\x01"], entries }], { objects: [font] });
    const { documents } = await billed(chat([part(dataUrl(file)), text("?")]));
    expect(documents[0]).toMatchObject({ undrawn: [{ page: 1, characters: 2 }] });
  });

  test.each([
    "application/json",
    "application/pdf",
    "image/png",
    "image/svg+xml",
    "text/html",
    "text/plain",
    "application/octet-stream",
  ])("JSON that is sent as a file of type %s is text", async (type) => {
    const file = `data:${type};base64,${base64(Buffer.from('{"total": 12.5}'))}`;
    const asText = await billed(chat([text('{"total": 12.5}'), text("?")]));
    const asFile = await billed(chat([part(file), text("?")]));
    expect(asFile.documents).toEqual([]);
    expect(asFile.prompt_tokens).toBe(asText.prompt_tokens);
  });

  test("a document that does not fit is refused unrendered, but still estimated", async () => {
    const body = chat([part(dataUrl(pdf(Array(100).fill({ box: "0 0 800 1100" })))), text("?")]);
    const { answer: estimate } = await post("/v1/estimate", body);
    expect(estimate.documents[0]?.pages).toHaveLength(100);
    expect(estimate.context.fits).toBe(false);
    const { status, answer } = await post("/v1/chat/completions", body);
    expect([status, answer.error?.code]).toEqual([400, "context_length_exceeded"]);
  });

  test.each([
    ["encrypted", part(dataUrl(encryptedPdf())), 422, "media_undecodable"],
    ["broken", part(dataUrl(Buffer.from("%PDF-1.7"))), 422, "media_undecodable"],
    ["a page that is not there", part(dataUrl(FILE), { pages: "4" }), 400, "out_of_range"],
    ["no pages", part(dataUrl(FILE), { pages: "x" }), 400, "out_of_range"],
    ["101 pages", part(dataUrl(pdf(Array(101).fill({})))), 413, "too_many_pages"],
    ["an archive", part(base64(Buffer.from("PK\x03\x04"))), 415, "unsupported_media_type"],
    ["an id", { type: "file", file: { file_id: "file-1" } }, 400, "unsupported_parameter"],
    ["a path", part("file:///etc/passwd"), 400, "invalid_media"],
    [
      "a PDF as an image",
      { type: "image_url", image_url: dataUrl(FILE) },
      400,
      "unsupported_modality",
    ],
  ])("refuses %s", async (_, content, status, code) => {
    const found = await post("/v1/chat/completions", chat([content, text("?")]));
    expect([found.status, found.answer.error?.code]).toEqual([status, code]);
    expect((await post("/v1/chat/completions", chat([text("Hello")]))).status).toBe(200);
  });

  test("17 documents are too many", async () => {
    const content = Array(17).fill(part(base64(Buffer.from("%PDF-1.7"))));
    const { status, answer } = await post("/v1/chat/completions", chat(content));
    expect([status, answer.error?.code]).toEqual([413, "too_many_documents"]);
  });
});

const G = { width: 8, height: 6, gray: 9 };

describe("other protocols", () => {
  let expected: number;
  beforeAll(async () => {
    expected = (await billed(chat([part(dataUrl(FILE)), text("What is it?")]))).prompt_tokens;
  });

  test("responses", async () => {
    const content = [
      { type: "input_file", filename: "a.pdf", file_data: dataUrl(FILE) },
      { type: "input_text", text: "What is it?" },
    ];
    const body = { model: MODEL, max_output_tokens: 2, input: [{ role: "user", content }] };
    const { answer } = await post("/v1/responses", body);
    expect(answer.usage.input_tokens).toBe(expected);
  });

  test("messages", async () => {
    const source = { type: "base64", media_type: "application/pdf", data: base64(FILE) };
    const content = [{ type: "document", source }, text("What is it?")];
    const body = { model: MODEL, max_tokens: 2, messages: [{ role: "user", content }] };
    const { answer } = await post("/v1/messages", body);
    const { input_tokens, cache_read_input_tokens } = answer.usage;
    expect(input_tokens + cache_read_input_tokens).toBe(expected);
  });

  test("the AI SDK's files", async () => {
    const file = { type: "file", mediaType: "application/pdf", data: base64(FILE) };
    const body = { prompt: [{ role: "user", content: [file, text("What is it?")] }] };
    const headers = {
      "ai-language-model-id": MODEL,
      "ai-language-model-specification-version": "3",
      "ai-language-model-streaming": "false",
    };
    const { answer } = await post(
      "/v3/ai/language-model",
      { ...body, maxOutputTokens: 2 },
      headers,
    );
    expect(JSON.stringify(answer.usage)).toContain(String(expected));
  });
});
