import { expect, test } from "vitest";
import type { ChatRequest, VideoPart } from "../core/chat.ts";
import type { Upstream } from "../core/upstream.ts";
import { captionsOf, captionVideo, chaptersOf } from "./captions.ts";
import { clock, toSrt, toVtt } from "./subtitles.ts";
import { askVideo, type VideoAnswer, videoAnswerOf } from "./watch.ts";
import { MAX_WINDOWS, windowsOf } from "./windows.ts";

const FILE = Uint8Array.of(1);
const COUNTS = { promptTokens: 1, imageTokens: 0, videoTokens: 1, cachedTokens: 0 };
const USAGE = { ...COUNTS, completionTokens: 1, reasoningTokens: 0 };
const TIMINGS = { queueMs: 0, mediaMs: 0, prefillMs: 0, decodeMs: 0 };

/** Says what `answer` says to each request, of a video of so many seconds at 10 frames each. */
function upstreamOf(seconds: number, answer: (request: ChatRequest) => string): Upstream {
  return {
    models: [],
    ready: true,
    capabilities: { estimate: async () => ({ videos: [{ durationSeconds: seconds }] }) },
    async *chat(request: ChatRequest) {
      yield { type: "text", text: answer(request) };
      const end = { reason: "stop", nativeReason: "eos" } as const;
      yield { type: "end", ...end, usage: USAGE, timings: TIMINGS };
    },
  } as unknown as Upstream;
}

function partsOf({ messages }: ChatRequest) {
  const { content } = messages[0]!;
  if (typeof content === "string") throw new Error("parts are wanted");
  const video = content.find((part): part is VideoPart => part.type === "video");
  const text = content.find((part) => part.type === "text");
  return { video, text: text?.type === "text" ? text.text : "" };
}

test("windows cover a video without gaps, and a short rest joins the last one", () => {
  const spans = (...args: Parameters<typeof windowsOf>) =>
    windowsOf(...args).map((w) => [w.seenFromSeconds, w.startSeconds, w.endSeconds]);
  expect(spans(5, 8, 0)).toEqual([[0, 0, 5]]);
  expect(spans(17, 8, 0)).toEqual([
    [0, 0, 8],
    [8, 8, 17],
  ]);
  expect(spans(20, 8, 2)).toEqual([
    [0, 0, 8],
    [6, 8, 16],
    [14, 16, 20],
  ]);
  expect(spans(0, 8, 0)).toEqual([[0, 0, 0]]);
});

test.each([
  [10, 0, 0],
  [10, Number.NaN, 0],
  [10, 5, 5],
  [10, 5, -1],
  [MAX_WINDOWS * 2, 1, 0],
])("windows of %d s: %d long, %d of overlap, are refused", (length, window, overlap) => {
  expect(() => windowsOf(length, window, overlap)).toThrow(/must be|overlap|too many/);
});

test("a short video is one question about the whole file", async () => {
  const asked: ChatRequest[] = [];
  const upstream = upstreamOf(30, (request) => {
    asked.push(request);
    return " A cat. ";
  });
  const options = { pruningRate: 0.75, maxTokens: 50, maxFrames: 16 };
  const answer = await videoAnswerOf(askVideo(upstream, FILE, "What is it?", options));
  expect(answer.text).toBe("A cat.");
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ videoPruningRate: 0.75, maxTokens: 50 });
  expect(partsOf(asked[0]!).video?.sampling).toEqual({ maxFrames: 16 });
});

test("a long video is asked about in windows, and the answers are merged", async () => {
  const seen: unknown[] = [];
  const done: unknown[] = [];
  const upstream = upstreamOf(150, (request) => {
    const { video, text } = partsOf(request);
    if (video === undefined) return `merged: ${text.split("\n").filter((l) => /^From/.test(l))}`;
    seen.push([video.sampling?.startSeconds, video.sampling?.endSeconds]);
    return `part ${seen.length}`;
  });
  let answer: VideoAnswer | undefined;
  for await (const event of askVideo(upstream, FILE, "Who?")) {
    if (event.type === "end") answer = event.answer;
    else done.push([event.done, event.count, event.answer.text]);
  }
  expect(seen).toEqual([
    [0, 64],
    [60, 128],
    [124, 150],
  ]);
  const said = "From 0:00 to 1:04: part 1,From 1:04 to 2:08: part 2,From 2:08 to 2:30: part 3";
  expect(answer?.text).toBe(`merged: ${said}`);
  expect(answer?.windows.map(({ text }) => text)).toEqual(["part 1", "part 2", "part 3"]);
  expect(done).toEqual([
    [1, 3, "part 1"],
    [2, 3, "part 2"],
    [3, 3, "part 3"],
  ]);
});

test("captions: repeated texts are merged, and nothing is omitted", async () => {
  const texts = ["A dog.", "A dog.", "", "A cat."];
  const upstream = upstreamOf(32, () => texts.shift()!);
  const captions = await captionsOf(captionVideo(upstream, FILE));
  expect(captions).toEqual([
    { startSeconds: 0, endSeconds: 16, text: "A dog." },
    { startSeconds: 24, endSeconds: 32, text: "A cat." },
  ]);
});

test("chapters are in order, without gaps, and begin at 0, for any answer", async () => {
  const captions = [0, 8, 16, 24].map((startSeconds) => {
    return { startSeconds, endSeconds: startSeconds + 8, text: `at ${startSeconds}` };
  });
  const said = [
    { first: 4, title: "End" },
    { first: 2, title: "Begin" },
    { first: 4, title: "Again" },
  ];
  const upstream = upstreamOf(32, (request) => {
    expect(request.output?.type).toBe("json_schema");
    return JSON.stringify(said);
  });
  expect(await chaptersOf(upstream, captions)).toEqual([
    { startSeconds: 0, endSeconds: 24, text: "Begin" },
    { startSeconds: 24, endSeconds: 32, text: "End" },
  ]);
  expect(await chaptersOf(upstream, [])).toEqual([]);
  const cutOff = upstreamOf(32, () => '[{"first": 1, "ti');
  await expect(chaptersOf(cutOff, captions)).rejects.toMatchObject({ code: "out_of_range" });
});

test("subtitles: times, and text that would be markup", () => {
  const captions = [
    { startSeconds: 0, endSeconds: 61.5, text: "a <b> & c" },
    { startSeconds: 3661.0004, endSeconds: 3662, text: "x\n\ny --> z" },
  ];
  expect(toSrt(captions)).toBe(
    "1\n00:00:00,000 --> 00:01:01,500\na <b> & c\n\n" +
      "2\n01:01:01,000 --> 01:01:02,000\nx y → z\n",
  );
  expect(toVtt(captions)).toBe(
    "WEBVTT\n\n00:00:00.000 --> 00:01:01.500\na &lt;b&gt; &amp; c\n\n" +
      "01:01:01.000 --> 01:01:02.000\nx y → z\n",
  );
  expect([clock(0), clock(83.4), clock(4000)]).toEqual(["0:00", "1:23", "1:06:40"]);
});
