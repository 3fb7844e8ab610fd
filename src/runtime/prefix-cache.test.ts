import { describe, expect, test } from "vitest";
import { textPrompt } from "../inputs/prompt.ts";
import { NumberPool } from "./pool.ts";
import { PrefixCache } from "./prefix-cache.ts";
import { PrefixKeys, reusePoints } from "./prefix-keys.ts";

const promptOf = (ids: readonly number[], boundaries: readonly number[] = []) => ({
  ...textPrompt([...ids]),
  boundaries,
});
const counting = (length: number, from = 0) => Array.from({ length }, (_, i) => from + i);

describe("PrefixCache", () => {
  const setUp = (slots: number) => {
    const pages = new NumberPool(8);
    return { pages, cache: new PrefixCache(counting(slots, 4), pages) };
  };

  test("finds the longest prefix and holds its pages", () => {
    const { pages, cache } = setUp(2);
    const held = [pages.acquire()!, pages.acquire()!, pages.acquire()!];
    expect(cache.add("a", 64, held)).toBe(4);
    expect(cache.add("b", 128, held)).toBe(5);
    expect(cache.add("b", 128, held)).toBeUndefined();
    for (const page of held) pages.release(page);
    expect(pages.free).toBe(6);
    expect(cache.acquire(["a", "b", "c"], 200)).toEqual({ tokens: 128, pages: [0, 1], slot: 5 });
    expect(cache.acquire(["a", "x"], 100)).toEqual({ tokens: 64, pages: [0], slot: 4 });
    expect(cache.acquire(["x"], 100)).toBeUndefined();
    expect(cache.stats).toEqual({ entries: 2, tokensQueried: 400, tokensHit: 192 });
    cache.clear();
    expect(pages.free).toBe(6); // the two adopters hold theirs
    for (const page of [0, 1, 0]) pages.release(page);
    expect(pages.free).toBe(8);
  });

  test("evicts the least recently used entry", () => {
    const { pages, cache } = setUp(2);
    const page = pages.acquire()!;
    cache.add("a", 64, [page]);
    cache.add("b", 64, [page]);
    pages.release(cache.acquire(["a"], 65)!.pages[0]!);
    cache.add("c", 64, [page]);
    expect(cache.acquire(["b"], 65)).toBeUndefined();
    expect(cache.acquire(["a"], 65)?.slot).toBe(4);
    expect(cache.evict()).toBe(true);
    expect(cache.acquire(["c"], 65)).toBeUndefined();
  });

  test("without slots it remembers nothing", () => {
    const { pages, cache } = setUp(0);
    expect(cache.add("a", 64, [pages.acquire()!])).toBeUndefined();
    expect(cache.evict()).toBe(false);
    expect(pages.free).toBe(7);
  });
});

describe("PrefixKeys", () => {
  const keys = new PrefixKeys();

  test("one for each page before the last token", () => {
    expect(keys.keysOf("a", promptOf(counting(64)), [])).toHaveLength(0);
    expect(keys.keysOf("a", promptOf(counting(65)), [])).toHaveLength(1);
    expect(keys.keysOf("a", promptOf(counting(129)), [])).toHaveLength(2);
  });

  test("equal as far as the prompts are", () => {
    const one = keys.keysOf("a", promptOf(counting(300)), []);
    const other = keys.keysOf("a", promptOf([...counting(200), ...counting(100, 7)]), []);
    expect(one.map((key, page) => key === other[page])).toEqual([true, true, true, false]);
  });

  test("different for tenants, and for processes", () => {
    const one = keys.keysOf("a", promptOf(counting(65)), []);
    expect(keys.keysOf("b", promptOf(counting(65)), [])).not.toEqual(one);
    expect(new PrefixKeys().keysOf("a", promptOf(counting(65)), [])).not.toEqual(one);
  });

  test("different for pictures, from their first page on", () => {
    const prompt = {
      ...promptOf(Array(200).fill(5)),
      spans: [{ start: 70, length: 100, mediaIndex: 0, row: 0 }],
    };
    const of = (key: string) => keys.keysOf("a", prompt, [{ key } as never]);
    expect(of("x")).toEqual(of("x"));
    expect(of("x").map((key, page) => key === of("y")[page])).toEqual([true, false, false]);
  });
});

describe("reusePoints", () => {
  test.each([
    ["raw text: before its last token", counting(200), [], [192]],
    ["too short", counting(64), [], []],
    ["whole pages before turns", counting(1000), [0, 70, 300, 999], [64, 256, 960]],
    [
      "the system prompt and the last three",
      counting(2000),
      [100, 300, 500, 700, 900, 1100],
      [64, 640, 896, 1088],
    ],
    ["a page with two turns once", counting(500), [200, 210, 450], [192, 448]],
    ["never the whole prompt", counting(128), [128], []],
  ])("%s", (_, ids, boundaries, points) => {
    expect(reusePoints(promptOf(ids, boundaries))).toEqual(points);
  });
});
