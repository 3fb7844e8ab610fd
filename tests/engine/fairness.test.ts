// A light tenant and seven heavy ones use the same decoders, renderers and model. Needs: ffmpeg.
//
// Waits are counted in requests of others that get ahead, not in time.
import { randomBytes } from "node:crypto";
import sharp from "sharp";
import { expect, test } from "vitest";
import type { ContentPart } from "../../src/core/chat.ts";
import { LIMITS } from "../../src/core/limits.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { pdf } from "../fixtures/pdf-files.ts";
import { mp4 } from "../fixtures/video-files.ts";
import { requestOf, usingTiny } from "./asking.ts";

const HEAVY_TENANTS = 7;
const REQUESTS_EACH = 8;
const LIGHT_TENANTS = ["light 0", "light 1", "light 2"];
const SEQUENCES = 4;
/** Units for which a light tenant may wait. */
const MAX_UNITS = 2;

/** Files that are decoded like each other, but whose bytes all differ. */
const MAKERS = {
  pictures: async () => {
    const noise = { type: "gaussian", mean: 128, sigma: 40 } as const;
    const create = { width: 1500, height: 1500, channels: 3, background: "#888", noise } as const;
    const bitmap = await sharp({ create }).png().toBuffer();
    return (): ContentPart => ({ type: "image", bytes: withTail(bitmap) });
  },
  pages: async () => (): ContentPart => {
    const text = randomBytes(8).toString("hex");
    return { type: "document", bytes: pdf([{ lines: [text] }]) };
  },
  videos: async () => {
    const clip = mp4("320x240", 4, 2);
    return (): ContentPart => ({ type: "video", bytes: withTail(clip) });
  },
};

/** Decoders ignore bytes after the end of a file. */
function withTail(file: Uint8Array): Uint8Array {
  const box = Buffer.concat([Buffer.alloc(8), randomBytes(16)]);
  box.writeUInt32BE(box.length);
  box.write("free", 4);
  return Buffer.concat([file, box]);
}

/** Ends of the stages of all requests, in order. */
type Ends = { readonly tenant: string; readonly stage: "prepared" | "answered" }[];

async function ask(engine: Engine, tenant: string, part: ContentPart, ends: Ends): Promise<void> {
  const messages = [{ role: "user" as const, content: [part] }];
  const request = { ...requestOf("", { messages }), tenant };
  for await (const { type } of engine.chat(request)) {
    if (type === "start") ends.push({ tenant, stage: "prepared" });
    if (type === "end") ends.push({ tenant, stage: "answered" });
  }
}

/** Requests of others that end a stage before the tenant's own does. */
function countAhead(ends: Ends, tenant: string, stage: Ends[number]["stage"]): number {
  return ends.filter((end) => end.stage === stage).findIndex((end) => end.tenant === tenant);
}

test.each([
  ["pictures", LIMITS.image.decodersAtOnce],
  ["pages", LIMITS.document.openAtOnce + 1],
  ["videos", LIMITS.video.decodersAtOnce + 1],
] as const)("a light tenant waits for two units beside those that run: %s", async (kind, slots) => {
  const make = await MAKERS[kind]();
  await usingTiny({ maxSequences: SEQUENCES }, async (engine) => {
    const ends: Ends = [];
    const heavy = Array.from({ length: HEAVY_TENANTS * REQUESTS_EACH }, (_, at) =>
      ask(engine, `heavy ${at % HEAVY_TENANTS}`, make(), ends),
    );
    // each slot can end one unit that runs at first, and one beside that of the light tenant
    const maxPrepared = MAX_UNITS + 2 * slots;
    for (const light of LIGHT_TENANTS) {
      const begun = ends.length;
      await ask(engine, light, make(), ends);
      const since = ends.slice(begun);
      expect(countAhead(since, light, "prepared")).toBeLessThanOrEqual(maxPrepared);
      const maxAnswered = maxPrepared + MAX_UNITS + 2 * SEQUENCES;
      expect(countAhead(since, light, "answered")).toBeLessThanOrEqual(maxAnswered);
    }
    await Promise.all(heavy);
    expect(ends).toHaveLength(2 * (heavy.length + LIGHT_TENANTS.length));
  });
});
