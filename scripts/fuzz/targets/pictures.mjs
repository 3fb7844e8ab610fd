// Headers of pictures and files, and the decoders that vireo wrote itself.

import { readFile } from "node:fs/promises";
import { archiveKind, compoundKind } from "../../../dist/media/archive-kind.js";
import { decodeBmp } from "../../../dist/media/bmp.js";
import { decodeIcoBody, icoPicture } from "../../../dist/media/ico.js";
import { fileKind } from "../../../dist/media/kind.js";
import { inspectFrames } from "../../../dist/media/source.js";
import { allow, expect } from "../check.mjs";

const HEADERS = [
  "/dist/media/source.js",
  "/dist/media/picture-headers.js",
  "/dist/media/kind.js",
  "/dist/media/tiff",
  "/dist/media/heif-boxes.js",
  "/dist/media/ico.js",
];
const MAX_DECODED_PIXELS = 1_000_000;

function seedsOf(...names) {
  return () => Promise.all(names.map((name) => readFile(seedPath(name))));
}

function seedPath(name) {
  return new URL(`../../../tests/fuzz/seeds/pictures/${name}`, import.meta.url);
}

/** Every frame must have a size within the limits before anything is decoded. */
function inspect(bytes) {
  const frames = inspectFrames(bytes);
  expect(frames.length > 0, "a picture has no frame");
  for (const { width, height } of frames) {
    expect(Number.isInteger(width) && width > 0, `width ${width}`);
    expect(Number.isInteger(height) && height > 0, `height ${height}`);
  }
  return frames;
}

function decoding(decode, sizeOf) {
  return (bytes) => {
    const [frame] = inspect(bytes);
    if (frame.width * frame.height > MAX_DECODED_PIXELS) return;
    const { rgba, width, height } = decode(bytes);
    expect(rgba.length === width * height * 4, "the pixels do not fill the size");
    sizeOf?.(frame, { width, height });
  };
}

function header(dictionary, ...names) {
  return { form: "bytes", covers: HEADERS, dictionary, seeds: seedsOf(...names), run: inspect };
}

export const targets = {
  bmp: {
    form: "bytes",
    covers: ["/dist/media/bmp.js", "/dist/media/picture-headers.js"],
    dictionary: ["BM", [40, 0, 0, 0], [124, 0, 0, 0], [1, 0, 24, 0], [1, 0, 8, 0]],
    seeds: seedsOf("rgb.bmp", "palette.bmp"),
    run: decoding(decodeBmp),
  },
  ico: {
    form: "bytes",
    covers: ["/dist/media/ico.js", "/dist/media/bmp.js"],
    dictionary: [[0, 0, 1, 0, 1, 0], [40, 0, 0, 0], "\x89PNG"],
    seeds: seedsOf("icon.ico"),
    run: decoding((bytes) => {
      const picture = icoPicture(bytes);
      if (picture.isPng) return { rgba: new Uint8Array(4), width: 1, height: 1 };
      const decoded = allow(RangeError, () => decodeIcoBody(picture));
      return decoded ?? { rgba: new Uint8Array(4), width: 1, height: 1 };
    }),
  },
  gif: header(["GIF89a", "!\xf9\x04", ",", ";"], "small.gif"),
  tiff: header(["II*\0", "MM\0*", [0x00, 0x01], [0x01, 0x11], [4, 0]], "small.tif"),
  heif: header(
    ["ftyp", "meta", "iprp", "ipco", "ispe", "ipma", "pitm", "irot", "avif"],
    "small.avif",
  ),
  "picture-headers": header(
    [
      "\x89PNG\r\n\x1a\n",
      "IHDR",
      "eXIf",
      [0xff, 0xd8],
      [0xff, 0xe1],
      "Exif\0\0",
      "RIFF",
      "WEBP",
      "VP8X",
    ],
    "small.png",
    "small.jpg",
    "small.webp",
  ),
  "file-kind": {
    form: "bytes",
    covers: ["/dist/media/kind.js", "/dist/media/archive-kind.js"],
    dictionary: [
      "%PDF-1.7",
      "PK\x03\x04",
      "[Content_Types].xml",
      "\xd0\xcf\x11\xe0",
      "ftypisom",
      "RIFF",
    ],
    seeds: seedsOf("small.png", "small.gif", "small.avif", "icon.ico"),
    run(bytes) {
      fileKind(bytes);
      archiveKind(bytes);
      compoundKind(bytes);
    },
  },
};
