import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { receiveMedia, removeShared, shareMedia } from "./shared-bytes.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vireo-shared-"));
});
afterAll(() => rm(folder, { recursive: true }));

const withImages = (...images: readonly Uint8Array[]) => {
  const content = images.map((bytes) => ({ type: "image", bytes }) as const);
  return { messages: [{ role: "user", content }] } as const;
};
const large = new Uint8Array(600_000).fill(7);

test("large media go through files, small ones do not", async () => {
  const request = withImages(large, new Uint8Array([1, 2]));
  const shared = await shareMedia(request, folder);
  expect(await readdir(folder)).toHaveLength(1);
  const received = await receiveMedia(shared);
  const content = received.messages[0]!.content as unknown;
  const [first, second] = content as readonly { readonly bytes: Uint8Array }[];
  expect(Buffer.from(first!.bytes).equals(large)).toBe(true);
  expect(second!.bytes).toEqual(new Uint8Array([1, 2]));
  await removeShared(shared.paths);
  expect(await readdir(folder)).toEqual([]);
});

test("callbacks stay here, because no message can hold them", async () => {
  const request = { ...withImages(large), onUsage: () => {}, onAdmitted: () => {} };
  const shared = await shareMedia(request, folder);
  expect(structuredClone(shared)).toEqual(shared);
  await removeShared(shared.paths);
});

test("a file that cannot be written leaves none of the others behind", async () => {
  const unwritable = { length: 600_000 } as unknown as Uint8Array;
  await expect(shareMedia(withImages(large, unwritable), folder)).rejects.toThrow();
  expect(await readdir(folder)).toEqual([]);
});
