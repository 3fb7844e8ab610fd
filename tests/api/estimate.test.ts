// Needs: ffmpeg.
// An estimate equals the bill, for 300 random requests with a fixed seed.

import fc from "fast-check";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pdf, tiff } from "../fixtures/pdf-files.ts";
import { mp4 } from "../fixtures/video-files.ts";
import { MODEL } from "./fake-upstream.ts";
import { setMediaStage } from "./media-stage.ts";

let stage: Awaited<ReturnType<typeof setMediaStage>>;
beforeAll(async () => {
  // token counts do not depend on the computation
  stage = await setMediaStage(() => Buffer.alloc(0), { backend: "null" });
});
afterAll(() => stage.close());

const dataUrl = (type: string, bytes: Uint8Array): string =>
  `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;

const SIZES = [1, 31, 64, 200, 511, 513, 800];
const pictures = new Map<string, string>();
async function picture(width: number, height: number): Promise<string> {
  const key = `${width} ${height}`;
  const create = { width, height, channels: 3 as const, background: "olive" };
  const known = pictures.get(key) ?? dataUrl("image/png", await sharp({ create }).png().toBuffer());
  pictures.set(key, known);
  return known;
}

const gray = { width: 30, height: 20, gray: 7 };
const DOCUMENTS = [
  ["application/pdf", pdf([{ lines: ["one"] }])],
  ["application/pdf", pdf([{}, { box: "0 0 600 200" }, { box: "0 0 200 600" }, {}])],
  ["image/tiff", tiff([gray, gray, gray, gray])],
] as const;

test.each([true, false])("a photo is turned upright, decoded or not (%s)", async (decode) => {
  const create = { width: 900, height: 300, channels: 3 as const, background: "olive" };
  const photo = await sharp({ create }).jpeg().withMetadata({ orientation: 6 }).toBuffer();
  const url = dataUrl("image/jpeg", photo);
  const content = [{ type: "image_url", image_url: { url } }];
  const ask = async (fields: object) => {
    const body = { model: MODEL, messages: [{ role: "user", content }], decode, ...fields };
    const answer: unknown = await post("/v1/estimate", body);
    const { images } = answer as {
      images: { width: number; height: number; orientation_applied?: number }[];
    };
    return images.map((image) => [image.width, image.height, image.orientation_applied]);
  };
  expect(await ask({})).toEqual([[300, 900, 6]]);
  expect(await ask({ exif_orientation: "ignore" })).toEqual([[900, 300, undefined]]);
});

/** A recipe for a part of a message; images are made on demand. */
const part = fc.oneof(
  fc.record({
    kind: fc.constant("image" as const),
    width: fc.constantFrom(...SIZES),
    height: fc.constantFrom(...SIZES),
  }),
  fc.record({
    kind: fc.constant("document" as const),
    document: fc.constantFrom(...DOCUMENTS),
    pages: fc.constantFrom(undefined, "1", "1-,1"),
    dpi: fc.constantFrom(undefined, 72),
  }),
  fc.record({
    kind: fc.constant("video" as const),
    num_frames: fc.constantFrom(undefined, 2, 5),
    fps: fc.constantFrom(undefined, 1),
  }),
  fc.record({
    kind: fc.constant("text" as const),
    text: fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.string({ unit: "grapheme", maxLength: 20 }),
      fc.constantFrom("What <image> is <video> it? /think", "</think>", "<image 1>", " \n\n "),
    ),
  }),
);
type Part = typeof part extends fc.Arbitrary<infer T> ? T : never;

const tool = fc.record({
  name: fc.constantFrom("weather", "look_up", "f"),
  description: fc.option(fc.string({ maxLength: 40 }), { nil: undefined }),
  parameters: fc.constantFrom({}, { type: "object", properties: { city: { type: "string" } } }),
});
const turn = fc.record({
  asked: fc.array(part, { minLength: 1, maxLength: 4 }),
  answered: fc.string({ maxLength: 40 }),
});
const asked = fc.record({
  system: fc.option(fc.string({ minLength: 1, maxLength: 80 }), { nil: undefined }),
  turns: fc.array(turn, { minLength: 1, maxLength: 3 }),
  tools: fc.option(fc.uniqueArray(tool, { maxLength: 3, selector: ({ name }) => name }), {
    nil: undefined,
  }),
  rate: fc.constantFrom(undefined, 0.3, 0.75),
  tiles: fc.constantFrom(undefined, 1, 1, 4),
  effort: fc.constantFrom(undefined, "none", "high"),
});
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never;

async function toPart(recipe: Part): Promise<object> {
  switch (recipe.kind) {
    case "image":
      return {
        type: "image_url",
        image_url: { url: await picture(recipe.width, recipe.height) },
      };
    case "document": {
      const [type, bytes] = recipe.document;
      const { pages, dpi } = recipe;
      return { type: "file", file: { file_data: dataUrl(type, bytes), pages, dpi } };
    }
    case "video": {
      const { kind: _, ...sampling } = recipe;
      return { type: "video_url", video_url: { url: dataUrl("video/mp4", mp4()) }, ...sampling };
    }
    case "text":
      return { type: "text", text: recipe.text };
  }
}

async function toBody({ system, turns, tools, rate, tiles, effort }: Asked): Promise<object> {
  const messages: object[] = system === undefined ? [] : [{ role: "system", content: system }];
  for (const [index, { asked: parts, answered }] of turns.entries()) {
    messages.push({ role: "user", content: await Promise.all(parts.map(toPart)) });
    if (index < turns.length - 1) messages.push({ role: "assistant", content: answered });
  }
  return {
    model: MODEL,
    messages,
    max_tokens: 1,
    tools: tools?.map((one) => ({ type: "function", function: one })),
    mm_processor_kwargs: { video_pruning_rate: rate, max_num_tiles: tiles },
    reasoning_effort: effort,
  };
}

interface Answer {
  readonly error?: { readonly code: string };
  readonly prompt_tokens: number;
  readonly prompt_tokens_details: Readonly<Record<string, number>>;
  readonly context: { readonly fits: boolean };
  readonly usage: {
    readonly prompt_tokens: number;
    readonly prompt_tokens_details: Readonly<Record<string, number>>;
  };
}

async function post(path: string, body: object): Promise<Answer> {
  const response = await fetch(`${stage.server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Answer;
}

const seen = { fit: 0, tooLong: 0, images: 0, videos: 0, tools: 0 };

async function compare(recipe: Asked): Promise<void> {
  const body = await toBody(recipe);
  const estimate = await post("/v1/estimate", body);
  const answer = await post("/v1/chat/completions", body);
  expect(estimate.error).toBeUndefined();
  if (!estimate.context.fits) {
    expect(answer.error?.code).toBe("context_length_exceeded");
    seen.tooLong += 1;
    return;
  }
  expect(answer.error).toBeUndefined();
  const { prompt_tokens, prompt_tokens_details: details } = answer.usage;
  expect(prompt_tokens).toBe(estimate.prompt_tokens);
  const expected = estimate.prompt_tokens_details;
  expect([details.image_tokens, details.video_tokens]).toEqual([
    expected.image_tokens,
    expected.video_tokens,
  ]);
  seen.fit += 1;
  if (expected.image_tokens! > 0) seen.images += 1;
  if (expected.video_tokens! > 0) seen.videos += 1;
  if (expected.tool_tokens! > 0) seen.tools += 1;
}

test("300 mixed requests", async () => {
  const recipes = fc.sample(asked, { seed: 12, numRuns: 300 }).values();
  const work = async (): Promise<void> => {
    for (const recipe of recipes) await compare(recipe);
  };
  await Promise.all([work(), work(), work(), work()]);
  expect(seen.fit).toBeGreaterThan(200);
  expect(Math.min(seen.images, seen.videos, seen.tools)).toBeGreaterThan(50);
}, 300_000);
