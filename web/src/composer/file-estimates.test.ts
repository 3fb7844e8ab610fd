import { expect, test } from "vitest";
import type { Estimate } from "../api/types.ts";
import type { MediaFile } from "../conversation/model.ts";
import { fileEstimates, withFiles } from "./file-estimates.ts";

function estimate(text: number, video: number, changes: Partial<Estimate> = {}): Estimate {
  const details = { text_tokens: text, image_tokens: 10, video_tokens: video, tool_tokens: 0 };
  return {
    prompt_tokens: text + video + 10,
    prompt_tokens_details: details,
    images: [],
    context: { limit: 500, remaining: 0, fits: true },
    pricing: { prompt: "0.001" },
    cost: { prompt: "9" },
    ...changes,
  };
}

test("the cost of files is added to the estimate of newly typed text", () => {
  const videos = [{ frames: { total: 9, sampled: [] }, tokens: 300, tokens_unpruned: 300 }];
  const costs = { whole: estimate(25, 300, { videos }), bare: estimate(20, 0) };
  const now = withFiles(estimate(40, 0), costs, 1);
  expect(now).toMatchObject({
    prompt_tokens: 355,
    prompt_tokens_details: { text_tokens: 45, image_tokens: 10, video_tokens: 300 },
    context: { limit: 500, remaining: 145, fits: true },
    videos,
  });
  expect(Number(now.cost?.prompt)).toBeCloseTo(0.355);
  expect(withFiles(estimate(40, 0), costs, 146).context.fits).toBe(false);
  expect(withFiles(estimate(400, 0), costs, 1).context).toMatchObject({
    remaining: 0,
    fits: false,
  });
});

test("the time of files is added if it is known", () => {
  const after = (first_token_ms: number) => ({ predicted: { first_token_ms } });
  const costs = { whole: estimate(25, 300, after(900)), bare: estimate(20, 0, after(40)) };
  expect(withFiles(estimate(40, 0, after(60)), costs, 1).predicted).toEqual({
    first_token_ms: 920,
  });
  expect(withFiles(estimate(40, 0), costs, 1).predicted).toBeUndefined();
});

test("each file gets its own tokens, in the order of its kind", () => {
  const file = (kind: "video" | "document") => ({ kind }) as MediaFile;
  const whole = {
    ...estimate(1, 1),
    videos: [{ tokens: 1 }, { tokens: 2 }],
    documents: [{ tokens: 3 }],
  } as unknown as Estimate;
  const draft = [file("document"), file("video"), file("video")];
  expect(fileEstimates([file("video")], draft, whole)).toEqual([3, 2, undefined]);
  expect(fileEstimates([], draft, undefined)).toEqual([undefined, undefined, undefined]);
});
