import { describe, expect, test } from "vitest";
import { shareStep } from "./scheduler.ts";

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
