import sharp from "sharp";
import { expect, test } from "vitest";
import { webpOrientation } from "./webp-orientation.ts";

const webp = (orientation?: number): Promise<Buffer> => {
  const create = { width: 30, height: 20, channels: 3, background: "#36c" } as const;
  const picture = sharp({ create });
  return (orientation === undefined ? picture : picture.withMetadata({ orientation }))
    .webp()
    .toBuffer();
};

test("the orientation of a WebP file is read", async () => {
  for (let orientation = 1; orientation <= 8; orientation++) {
    expect(webpOrientation(await webp(orientation))).toBe(orientation);
  }
  expect(webpOrientation(await webp())).toBe(1);
});

test("damaged and other files have none", async () => {
  const whole = await webp(6);
  for (let length = 0; length < whole.length; length++) {
    expect([1, 6]).toContain(webpOrientation(whole.subarray(0, length)));
  }
  for (let at = 12; at < whole.length; at++) {
    const changed = Uint8Array.from(whole);
    changed[at] = 255;
    webpOrientation(changed);
  }
  expect(webpOrientation(new Uint8Array(99).fill(255))).toBe(1);
});
