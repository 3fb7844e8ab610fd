import { Cache } from "../storage/cache.ts";
import { toBase64 } from "./base64.ts";

/**
 * Returns a blank PNG of the given size as a data URL.
 *
 * The cost of a picture depends only on its size. Estimates therefore use blank pictures: a few kB
 * instead of megabytes after every pause in typing.
 */
export async function standIn(width: number, height: number): Promise<string> {
  const name = `${width}x${height}`;
  const known = made.get(name);
  if (known !== undefined) return known;
  const png = await blankPng(width, height);
  const url = `data:image/png;base64,${toBase64(png)}`;
  made.set(name, url);
  return url;
}

const made = new Cache<string>(100);

/** 1 bit per pixel, all black: every row is a filter byte and width / 8 zeros. */
async function blankPng(width: number, height: number): Promise<Uint8Array> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 1;
  const rows = new Uint8Array(height * (1 + Math.ceil(width / 8)));
  const chunks = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    chunk("IDAT", await deflate(rows)),
    chunk("IEND", new Uint8Array()),
  ];
  return concat(chunks);
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
