import { expect, test } from "vitest";
import { frameLabel, frameTexts, sampleFrames, showSeconds, VIDEO_GLUE } from "./frames.ts";

test.each([
  [300, 30, 20, [0, 15, 31, 47, 62, 78], [267, 283, 299]],
  [90, 30, 6, [0, 17, 35, 53, 71, 89], []],
  [1798, 29.97, 119, [0], [1797]],
  [7200, 30, 128, [0, 56, 113, 170, 226, 283], [7199]],
  [1, 30, 1, [0], []],
  [5, 2, 5, [0, 1, 2, 3, 4], []],
])("%i frames at %f a second: %i are looked at", (total, fps, count, first, last) => {
  const frames = sampleFrames(total, fps);
  expect(frames).toHaveLength(count);
  expect(frames.slice(0, first.length)).toEqual(first);
  expect(frames.slice(count - last.length)).toEqual(last);
});

test("limits without an effect", () => {
  expect(sampleFrames(10, 30, { fps: 0, maxFrames: 0 })).toHaveLength(10);
  expect(sampleFrames(10, 30, { fps: -1, maxFrames: 4 })).toEqual([0, 3, 6, 9]);
  expect(sampleFrames(100, 1000, { fps: 1, maxFrames: 4 })).toEqual([0]);
});

test.each([
  [0, "0.00"],
  [0.125, "0.12"],
  [0.375, "0.38"],
  [0.625, "0.62"],
  [0.875, "0.88"],
  [1.125, "1.12"],
  [0.495, "0.49"],
  [1.005, "1.00"],
  [2.5, "2.50"],
])("%f seconds are %s", (seconds, text) => {
  expect(showSeconds(seconds)).toBe(text);
});

test("labels contain the time at which a frame is shown", () => {
  expect(frameLabel(1, 15 / 30)).toBe("Frame 2 sampled at 0.50 seconds: ");
  expect(frameLabel(1439, 1439 / (24_000 / 1001))).toBe("Frame 1440 sampled at 60.02 seconds: ");
  expect(frameLabel(0, undefined)).toBe("Frame 1: ");
});

test("only glue that is named after an engine truncates as that engine does", () => {
  const last = (glue: keyof typeof VIDEO_GLUE, index: number, fps: number) =>
    frameTexts([{ index, seconds: index / fps }], fps, VIDEO_GLUE[glue])
      .at(-1)!
      .at(-1);
  const said = (seconds: string) => `Frame 1 sampled at ${seconds} seconds: `;
  expect(last("training", 1439, 24_000 / 1001)).toBe(said("60.02"));
  expect(last("training", 1500, 1200)).toBe(said("1.25"));
  for (const glue of ["vllm", "sglang", "tensorrt"] as const) {
    expect(last(glue, 1439, 24_000 / 1001)).toBe(said("59.00"));
    expect(last(glue, 15, 30)).toBe(said("0.49"));
    expect(last(glue, 1500, 1200)).toBe(said("0.00"));
  }
  const unknown = frameTexts([{ index: 3 }], undefined, VIDEO_GLUE.vllm);
  expect(unknown).toEqual([["Frame 1: "]]);
});
