import { expect, test } from "vitest";
import { Cache } from "./cache.ts";

test("drops the oldest entry; a new value makes an entry the newest", () => {
  const cache = new Cache<number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  cache.set("a", 3);
  cache.set("c", 4);
  expect(["a", "b", "c"].map((key) => cache.get(key))).toEqual([3, undefined, 4]);
});
