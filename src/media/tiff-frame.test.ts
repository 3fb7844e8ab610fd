import { describe, expect, it } from "vitest";
import { checkTiffFrame } from "./tiff-frame.ts";

const RGB: readonly [number, number[]][] = [
  [258, [8, 8, 8]],
  [259, [1]],
  [262, [2]],
  [277, [3]],
];

const directory = (...more: [number, number[]][]) => ({ tags: new Map([...RGB, ...more]) });

describe("checkTiffFrame", () => {
  it("names separate planes in tiles as not supported", () => {
    const tiled = directory([284, [2]], [322, [32]], [323, [32]]);
    expect(() => checkTiffFrame(tiled)).toThrow(
      expect.objectContaining({
        code: "unsupported_media_type",
        message: expect.stringMatching(/^TIFF with separate planes in tiles is not read; send PNG/),
      }),
    );
  });

  it("accepts separate planes in strips and mixed channels in tiles", () => {
    expect(() => checkTiffFrame(directory([284, [2]]))).not.toThrow();
    expect(() => checkTiffFrame(directory([284, [1]], [322, [32]], [323, [32]]))).not.toThrow();
  });
});
