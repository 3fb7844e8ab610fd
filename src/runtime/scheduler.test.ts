import { describe, expect, test } from "vitest";
import { nextInTurn, shareStep } from "./scheduler.ts";

const decoding = { tokensPending: 1, tokensReady: 1 };
const prompt = (tokens: number, ready = tokens) => ({ tokensPending: tokens, tokensReady: ready });

describe("shareStep", () => {
  test.each([
    ["nobody", [], 8, []],
    [
      "decode rows before an older prompt",
      [prompt(100), decoding],
      8,
      [
        [1, 1],
        [0, 7],
      ],
    ],
    ["a prompt is cut to the budget", [prompt(300)], 256, [[0, 256]]],
    [
      "two prompts share what is left",
      [prompt(3), prompt(9)],
      8,
      [
        [0, 3],
        [1, 5],
      ],
    ],
    [
      "rows that wait for an image do not run",
      [prompt(50, 4), prompt(9)],
      8,
      [
        [0, 4],
        [1, 4],
      ],
    ],
    ["an image at the very start holds its prompt back", [prompt(50, 0), decoding], 8, [[1, 1]]],
    [
      "more streams than rows: the oldest run",
      [decoding, decoding, decoding],
      2,
      [
        [0, 1],
        [1, 1],
      ],
    ],
  ] as const)("%s", (_, candidates, rows, expected) => {
    const shares = shareStep(candidates, rows).map(({ index, tokens }) => [index, tokens]);
    expect(shares).toEqual(expected);
  });
});

const sharesOf = (...[candidates, rows, most]: Parameters<typeof shareStep>) =>
  shareStep(candidates, rows, most).map(({ index, tokens }) => [index, tokens]);

describe("prompts that are read at once", () => {
  test("share a step, however long the oldest is", () => {
    const candidates = [prompt(100_000), prompt(40), prompt(300)];
    expect(sharesOf(candidates, 256)).toEqual([
      [0, 85 + 46],
      [1, 40],
      [2, 85],
    ]);
  });

  test("get at least 32 rows each, oldest first", () => {
    const candidates = Array.from({ length: 20 }, () => prompt(1000));
    expect(sharesOf(candidates, 64)).toEqual([
      [0, 32],
      [1, 32],
    ]);
  });

  test("take turns where there are rows for one of them", () => {
    const candidates = [decoding, prompt(50_000), prompt(60)];
    const inTurn = [0, 1, 2].map((turn) => shareStep(candidates, 256, () => 16, turn));
    const chosen = inTurn.map((shares) => shares.map(({ index, tokens }) => [index, tokens]));
    const [long, short] = [1, 2].map((index) => [
      [0, 1],
      [index, 16],
    ]);
    expect(chosen).toEqual([long, short, long]);
  });

  test("keep to what running streams can bear", () => {
    const asked: number[] = [];
    const most = (streams: number) => {
      asked.push(streams);
      return 20;
    };
    expect(sharesOf([decoding, prompt(1000), decoding], 256, most)).toEqual([
      [0, 1],
      [2, 1],
      [1, 20],
    ]);
    expect(asked).toEqual([2]);
  });
});

test.each([
  [["a", "a", "b"], [], 0],
  [["a", "a", "b"], ["a"], 2],
  [["a", "a", "b"], ["a", "b"], 0],
  [["b", "a", "c"], ["b", "b", "a"], 2],
])("of %j beside %j, number %i is next", (waiting, running, next) => {
  expect(nextInTurn(waiting, running)).toBe(next);
});
