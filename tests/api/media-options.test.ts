// Needs: ffmpeg.
// Media options have the same names on every route with media.

import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pdf } from "../fixtures/pdf-files.ts";
import { mp4 } from "../fixtures/video-files.ts";
import { MODEL } from "./fake-upstream.ts";
import { setMediaStage } from "./media-stage.ts";

let stage: Awaited<ReturnType<typeof setMediaStage>>;
let png: string;
let tileTokens: number;
const clip = mp4().toString("base64");
const pngUrl = () => `data:image/png;base64,${png}`;
const clipUrl = `data:video/mp4;base64,${clip}`;

beforeAll(async () => {
  stage = await setMediaStage(() => Buffer.alloc(0), { backend: "null" });
  const create = { width: 200, height: 100, channels: 3 as const, background: "olive" };
  png = (await sharp({ create }).png().toBuffer()).toString("base64");
  tileTokens = (await promptOf("/v1/estimate", chat({ detail: "low" }))) - (await textTokens());
});
afterAll(() => stage.close());

/** Options of the request, and of the part with the image. */
interface Asked {
  readonly fields?: object;
  readonly detail?: string | undefined;
  readonly video?: boolean;
}

const chat = ({ fields, detail, video }: Asked) => ({
  ...{ model: MODEL, max_tokens: 1, ...fields },
  messages: [
    {
      role: "user",
      content: video
        ? [{ type: "video_url", video_url: { url: clipUrl } }]
        : [{ type: "image_url", image_url: { url: pngUrl(), detail } }],
    },
  ],
});
const response = ({ fields, detail, video }: Asked) => ({
  ...{ model: MODEL, max_output_tokens: 1, ...fields },
  input: [
    {
      role: "user",
      content: video
        ? [{ type: "input_video", video_url: clipUrl }]
        : [{ type: "input_image", image_url: pngUrl(), detail }],
    },
  ],
});
const messages = ({ fields, detail, video }: Asked) => ({
  ...{ model: MODEL, max_tokens: 1, ...fields },
  messages: [
    {
      role: "user",
      content: video
        ? [
            {
              type: "document",
              source: { type: "base64", media_type: "video/mp4", data: clip },
            },
          ]
        : [
            {
              type: "image",
              detail,
              source: { type: "base64", media_type: "image/png", data: png },
            },
          ],
    },
  ],
});
const call = ({ fields, detail, video }: Asked) => ({
  maxOutputTokens: 1,
  providerOptions: { vireo: { ...fields } },
  prompt: [
    {
      role: "user",
      content: [
        {
          type: "file",
          ...(video
            ? { mediaType: "video/mp4", data: clip }
            : { mediaType: "image/png", data: png, providerOptions: { vireo: { detail } } }),
        },
      ],
    },
  ],
});

const ROUTES: readonly (readonly [string, (asked: Asked) => object])[] = [
  ["/v1/chat/completions", chat],
  ["/v1/estimate", chat],
  ["/v1/chat/completions/input_tokens", chat],
  ["/v1/responses", response],
  ["/v1/responses/input_tokens", response],
  ["/v1/messages", messages],
  ["/v1/messages/count_tokens", messages],
  ["/v3/ai/language-model", call],
];

interface Total {
  readonly total: number;
}

/** The token counts in the answers of nine routes. */
interface Answer {
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly input_tokens?: number;
    readonly inputTokens?: Total;
  };
  readonly input_tokens?: number;
  readonly prompt_tokens?: number;
  readonly prompt_tokens_details?: { readonly text_tokens: number };
}

async function post(path: string, body: object) {
  const headers = { "content-type": "application/json", "ai-language-model-id": MODEL };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  const sent = await fetch(`${stage.server.url}${path}`, init);
  return { status: sent.status, answer: (await sent.json()) as Answer };
}

/** The prompt tokens of an answer of any route. */
async function promptOf(path: string, body: object): Promise<number> {
  const { answer } = await post(path, body);
  const { usage = {}, input_tokens, prompt_tokens } = answer;
  const used = usage.prompt_tokens ?? usage.input_tokens ?? usage.inputTokens?.total;
  const tokens = used ?? input_tokens ?? prompt_tokens;
  if (tokens === undefined) throw new Error(`no tokens in ${JSON.stringify(answer)}`);
  return tokens;
}

/** Tokens of the prompt without the image. */
async function textTokens(): Promise<number> {
  const { answer } = await post("/v1/estimate", chat({}));
  return answer.prompt_tokens_details?.text_tokens ?? Number.NaN;
}

describe.each(ROUTES)("%s", (path, body) => {
  const tokens = (asked: Asked) => promptOf(path, body(asked));

  test("tiles of pictures", async () => {
    const all = await tokens({});
    const one = await tokens({ detail: "low" });
    expect((all - one) % tileTokens).toBe(0);
    expect((all - one) / tileTokens).toBeGreaterThan(1);
    expect(await tokens({ detail: "high" })).toBe(all);
    for (const fields of [{ max_num_tiles: 1 }, { mm_processor_kwargs: { max_num_tiles: 1 } }]) {
      expect(await tokens({ fields })).toBe(one);
    }
    expect(await tokens({ fields: { max_num_tiles: 1 }, detail: "high" })).toBe(one);
    const some = await tokens({ fields: { max_num_tiles: 2 } });
    expect(some - one).toBe(2 * tileTokens); // two, and the thumbnail
  });

  test("pictures upright, or as they are stored", async () => {
    for (const fields of [
      { exif_orientation: "apply" },
      { exif_orientation: "ignore" },
      { mm_processor_kwargs: { exif_orientation: "ignore" } },
    ]) {
      expect((await post(path, body({ fields }))).status, JSON.stringify(fields)).toBe(200);
    }
  });

  test("frames of videos", async () => {
    const all = await tokens({ video: true });
    const frames = (num_frames: number) => ({ media_io_kwargs: { video: { num_frames } } });
    const [two, three] = [
      await tokens({ video: true, fields: frames(2) }),
      await tokens({ video: true, fields: frames(3) }),
    ];
    expect(three).toBeLessThan(all);
    const unlimited = { media_io_kwargs: { video: { num_frames: -1, fps: -1 } } };
    expect(await tokens({ video: true, fields: unlimited })).toBe(all);
    expect(three - two).toBeGreaterThanOrEqual(tileTokens);
    const fields = { mm_processor_kwargs: { video_pruning_rate: 0.75 } };
    expect(await tokens({ video: true, fields })).toBeLessThan(all);
  });

  test("values out of bounds", async () => {
    for (const fields of [
      { max_num_tiles: 0 },
      { max_num_tiles: 13 },
      { exif_orientation: "turn" },
      { exif_orientation: "apply", mm_processor_kwargs: { exif_orientation: "ignore" } },
      { max_num_tiles: 2, mm_processor_kwargs: { max_num_tiles: 3 } },
      { mm_processor_kwargs: { video_pruning_rate: 1 } },
      { media_io_kwargs: { video: { num_frames: 0 } } },
      { media_io_kwargs: { video: { start: 2, end: 1 } } },
    ]) {
      expect((await post(path, body({ fields }))).status, JSON.stringify(fields)).toBe(400);
    }
    if (path !== "/v3/ai/language-model") {
      expect((await post(path, body({ detail: "lowest" }))).status).toBe(400);
    }
  });
});

test("/v1/extract", async () => {
  const file_data = `data:application/pdf;base64,${pdf([{ lines: ["a"] }]).toString("base64")}`;
  const schema = { type: "object", properties: { a: { const: 1 } } };
  const tokens = (fields: object) =>
    promptOf("/v1/extract", { model: MODEL, file: { file_data }, schema, ...fields });
  const one = await tokens({ max_num_tiles: 1 });
  expect(await tokens({ mm_processor_kwargs: { max_num_tiles: 1 } })).toBe(one);
  expect(await tokens({ mm_processor_kwargs: { max_num_tiles: 12 } })).toBeGreaterThan(one);
});
