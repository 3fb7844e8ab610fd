// Measures how well one tenant can tell by timing whether another has sent a file or text before.
//
// For each kind of content, tenant A sends an item. Tenant B then sends that item and a new one, in
// random order. The AUC is the probability that the item which A sent is faster: 0.5 tells B
// nothing, 1 tells it everything. The same is measured within a tenant, where the caches must help.
//
//   node scripts/measure-timing.mjs [--pairs 200] [--share-media]

import { execFileSync } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { open } from "../dist/index.js";

const { values: options } = parseArgs({
  options: {
    pairs: { type: "string", default: "200" },
    "share-media": { type: "boolean", default: false },
  },
});
const pairs = Number(options.pairs);
const model = new URL("../models/tiny", import.meta.url).pathname;

/** Files that are decoded like each other, but whose bytes all differ. */
const makers = {
  text: async () => {
    const words = Array.from({ length: 400 }, () => randomBytes(3).toString("hex"));
    return [{ type: "text", text: words.join(" ") }];
  },
  pictures: async () => {
    const noise = { type: "gaussian", mean: 128, sigma: 40 };
    const create = { width: 2000, height: 2000, channels: 3, background: "#888", noise };
    const png = await sharp({ create }).png().toBuffer();
    return () => [{ type: "image", bytes: withChunk(png) }];
  },
  pages: async () => () => [{ type: "document", bytes: pdfPage(randomBytes(8).toString("hex")) }],
  videos: async () => {
    const mp4 = makeVideo();
    return () => [{ type: "video", bytes: Buffer.concat([mp4, freeBox()]) }];
  },
};

function withChunk(png) {
  const end = png.subarray(-12);
  const data = Buffer.concat([
    Buffer.from("tEXtid\0"),
    Buffer.from(randomBytes(8).toString("hex")),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length - 4);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(data));
  return Buffer.concat([png.subarray(0, -12), length, data, crc, end]);
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function freeBox() {
  const box = Buffer.concat([Buffer.alloc(8), randomBytes(16)]);
  box.writeUInt32BE(box.length);
  box.write("free", 4);
  return box;
}

function pdfPage(text) {
  const lines = Array.from({ length: 40 }, (_, at) => `(${text} ${at}) Tj T*`).join("\n");
  const content = `BT /F1 18 Tf 20 TL 40 800 Td\n${lines}\nET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R " +
      "/Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  const body = objects.map((object, at) => `${at + 1} 0 obj\n${object}\nendobj\n`).join("");
  return Buffer.from(`%PDF-1.4\n${body}trailer << /Root 1 0 R /Size 6 >>\n%%EOF\n`);
}

function makeVideo() {
  const folder = mkdtempSync(join(tmpdir(), "vireo-timing-"));
  try {
    const file = join(folder, "clip.mp4");
    const source = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=4:duration=2"];
    execFileSync("ffmpeg", ["-v", "error", ...source, "-pix_fmt", "yuv420p", file]);
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function timeOf(engine, tenant, content) {
  const begun = performance.now();
  const request = { messages: [{ role: "user", content }], maxTokens: 1, tenant };
  for await (const event of engine.chat(request)) if (event.type === "end") break;
  return performance.now() - begun;
}

/** Probability that a time of `known` is smaller than one of `fresh`; ties count half. */
function areaUnderCurve(known, fresh) {
  let smaller = 0;
  for (const a of known) {
    for (const b of fresh) smaller += a < b ? 1 : a === b ? 0.5 : 0;
  }
  return smaller / (known.length * fresh.length);
}

/** Times of items that `before` has sent, and of new ones, both sent by `tenant`. */
async function compare(engine, make, before, tenant) {
  const [known, fresh] = [[], []];
  for (let pair = 0; pair < pairs; pair++) {
    const [sent, other] = [await make(), await make()];
    await timeOf(engine, before, sent);
    const turns = [
      [sent, known],
      [other, fresh],
    ];
    if (randomInt(2) === 1) turns.reverse();
    for (const [content, times] of turns) times.push(await timeOf(engine, tenant, content));
  }
  return areaUnderCurve(known, fresh);
}

const engine = await open(model, {
  contextTokens: 8192,
  shareMedia: options["share-media"],
  cacheDir: false,
});
console.log(`${pairs} pairs each`);
for (const [kind, prepare] of Object.entries(makers)) {
  const prepared = await prepare();
  const make = typeof prepared === "function" ? prepared : prepare;
  const across = await compare(engine, make, "ann", "ben");
  const within = await compare(engine, make, "ann", "ann");
  const row = `across tenants ${across.toFixed(3)}, within one ${within.toFixed(3)}`;
  console.log(`${kind.padEnd(9)} AUC ${row}`);
}
await engine.close();
