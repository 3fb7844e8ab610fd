import { describe, expect, test } from "vitest";
import { TurnOrder } from "../core/turn-order.ts";
import { type Candidate, nextInTurn, type Owned, shareStep } from "./scheduler.ts";

const decoding: Candidate = { tenant: "", tokensPending: 1, tokensReady: 1 };
const prompt = (tokens: number, ready = tokens, tenant = ""): Candidate => {
  return { tenant, tokensPending: tokens, tokensReady: ready };
};

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

  test("take turns if there are rows for only one of them", () => {
    const candidates = [decoding, prompt(50_000), prompt(60)];
    const turns = new TurnOrder<Candidate>();
    const chosen = [0, 1, 2].map(() => {
      const shares = shareStep(candidates, 256, () => 16, turns);
      for (const { index } of shares) turns.record({ tenant: "", item: candidates[index]! });
      return shares.map(({ index, tokens }) => [index, tokens]);
    });
    const [long, short] = [1, 2].map((index) => [
      [0, 1],
      [index, 16],
    ]);
    expect(chosen).toEqual([long, short, long]);
  });

  test("share by tenant: many requests of one get no more than one of another", () => {
    const many = Array.from({ length: 7 }, () => prompt(5000, 5000, "many"));
    const shares = shareStep([...many, prompt(5000, 5000, "one")], 256);
    const rows = (from: number) =>
      shares.filter(({ index }) => index >= from).reduce((sum, { tokens }) => sum + tokens, 0);
    expect([rows(0), rows(7)]).toEqual([256, 128]);
  });

  test("if rows are scarce, a new tenant is next", () => {
    const heavy = Array.from({ length: 7 }, (_, at) => prompt(9000, 9000, `heavy ${at}`));
    const turns = new TurnOrder<Candidate>();
    const step = (candidates: readonly Candidate[]) => {
      const [share] = shareStep(candidates, 256, () => 16, turns);
      const item = candidates[share!.index]!;
      turns.record({ tenant: item.tenant, item });
      return item.tenant;
    };
    const first = Array.from({ length: 10 }, () => step(heavy));
    expect(new Set(first).size).toBe(7);
    const light = prompt(40, 40, "light");
    const next = Array.from({ length: 9 }, () => step([...heavy, light]));
    expect([next[0], next[8]]).toEqual(["light", "light"]);
  });

  test("stay within the budget of running streams", () => {
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

const owned = (tenants: readonly string[]): Owned[] => tenants.map((tenant) => ({ tenant }));

test.each([
  [["a", "a", "b"], [], 0],
  [["a", "a", "b"], ["a"], 2],
  [["a", "a", "b"], ["a", "b"], 0],
  [["b", "a", "c"], ["b", "b", "a"], 2],
])("of %j beside %j, number %i is next", (waiting, running, next) => {
  expect(nextInTurn(owned(waiting), owned(running), new TurnOrder())).toBe(next);
});

test("with one slot, seven tenants' queues do not stand before an eighth's only request", () => {
  const turns = new TurnOrder<Owned>();
  const waiting = owned(Array.from({ length: 700 }, (_, at) => `heavy ${at % 7}`));
  const admit = () => {
    const [item] = waiting.splice(nextInTurn(waiting, [], turns), 1);
    turns.record({ tenant: item!.tenant, item: item! });
    return item!.tenant;
  };
  const first = Array.from({ length: 14 }, admit);
  expect(new Set(first.slice(7)).size).toBe(7);
  waiting.push({ tenant: "light" });
  expect(admit()).toBe("light");
  waiting.push({ tenant: "light" });
  expect(Array.from({ length: 8 }, admit).at(-1)).toBe("light");
});
