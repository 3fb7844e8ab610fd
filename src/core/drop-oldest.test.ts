import { expect, test } from "vitest";
import { dropOldest } from "./drop-oldest.ts";

test.each([
  [0, [] as string[]],
  [2, ["b", "a"]],
  [9, ["c", "b", "a"]],
])("of three entries the newest %i stay", (maxEntries, kept) => {
  const map = new Map([
    ["a", 0],
    ["c", 1],
    ["b", 2],
  ]);
  map.delete("a");
  map.set("a", 3);
  dropOldest(map, maxEntries);
  expect([...map.keys()]).toEqual(kept);
});
