// Needs: ffmpeg.
// A sample of the corpus over HTTP: the server's results equal the library's.

import { afterAll, beforeAll, expect, test } from "vitest";
import { MODEL } from "../api/fake-upstream.ts";
import { setMediaStage } from "../api/media-stage.ts";
import {
  bytesOf,
  EXPECTED,
  type ExpectedDocument,
  type ExpectedPicture,
  type ExpectedVideo,
} from "./expected.ts";

let stage: Awaited<ReturnType<typeof setMediaStage>>;
beforeAll(async () => {
  stage = await setMediaStage(() => Buffer.alloc(0));
});
afterAll(() => stage.close());

const base64 = (name: string): string => Buffer.from(bytesOf(name)).toString("base64");

async function ask(path: string, part: object) {
  const content = [part, { type: "text", text: "Look" }];
  const body = JSON.stringify({ model: MODEL, messages: [{ role: "user", content }] });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${stage.server.url}${path}`, { method: "POST", headers, body });
  return { status: response.status, answer: await response.json() };
}

test.each([
  "pictures/pil-exif-6.jpg",
  "pictures/exiftool-turned.png",
  "pictures/pil-orientation-8.tif",
  "pictures/avif-rotated-90.avif",
  "pictures/tiff-bigtiff.tif",
  "pictures/im-bmp-rle8.bmp",
])("%s has its size", async (name) => {
  const url = `data:application/octet-stream;base64,${base64(name)}`;
  const { status, answer } = await ask("/v1/estimate", { type: "image_url", image_url: { url } });
  expect(status, JSON.stringify(answer)).toBe(200);
  const { width, height } = answer.images[0];
  expect([width, height]).toEqual((EXPECTED[name] as ExpectedPicture).size);
});

test.each([
  "documents/libreoffice-fields.pdf",
  "documents/pdftk-filled.pdf",
  "documents/pikepdf-free-text.pdf",
  "documents/qpdf-rotated.pdf",
])("%s has its words", async (name) => {
  const file = { file_data: `data:application/pdf;base64,${base64(name)}`, filename: "a.pdf" };
  const { status, answer } = await ask("/v1/inspect/document", { type: "file", file });
  expect(status, JSON.stringify(answer)).toBe(200);
  const found = answer.pages[0].words.map((word: { text: string }) => word.text);
  const words = (EXPECTED[name] as ExpectedDocument).pages[0]!.words.map(([text]) => text);
  expect(found).toEqual(expect.arrayContaining(words));
});

test.each([
  "videos/mp4-h264-aac.mp4",
  "videos/mp4-rotated-90.mp4",
  "videos/mp4-23976.mp4",
  "videos/recorder-vp9-opus.webm",
])("%s has its frames and times", async (name) => {
  const url = `data:video/mp4;base64,${base64(name)}`;
  const part = { type: "video_url", video_url: { url } };
  const { status, answer } = await ask("/v1/inspect/video", part);
  expect(status, JSON.stringify(answer)).toBe(200);
  const { seconds, size } = EXPECTED[name] as ExpectedVideo;
  expect([answer.width, answer.height]).toEqual(size);
  expect(answer.total_frames).toBe(seconds!.length);
  for (const frame of answer.frames) {
    expect(Math.abs(frame.seconds - seconds![frame.index]!)).toBeLessThan(0.0051);
  }
});
