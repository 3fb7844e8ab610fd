import { expect, test } from "vitest";
import { LIMITS } from "../../core/limits.ts";
import { checkJsonSize, measureJson } from "./json-size.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ["1", { values: 1, objects: 0 }],
  ["[]", { values: 2, objects: 0 }],
  ["[1,2,3]", { values: 4, objects: 0 }],
  ['{"a":1,"b":[true,null]}', { values: 5, objects: 1 }],
  ['{"a, [{":"b, [{\\", [{"}', { values: 2, objects: 1 }],
  ['["\\\\",{}]', { values: 4, objects: 1 }],
  ['["an unfinished, [{', { values: 2, objects: 0 }],
  ['["an unfinished \\', { values: 2, objects: 0 }],
  ["", { values: 1, objects: 0 }],
])("%s", (text, size) => {
  expect(measureJson(bytes(text))).toEqual(size);
});

test("a count is never below the number of values that JSON.parse makes", () => {
  const countOf = (value: unknown): number =>
    typeof value === "object" && value !== null
      ? Object.values(value).reduce((sum: number, entry) => sum + countOf(entry), 1)
      : 1;
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const make = (depth: number): unknown => {
    const kind = random(depth > 4 ? 4 : 6);
    if (kind === 4) return Array.from({ length: random(5) }, () => make(depth + 1));
    if (kind === 5) return Object.fromEntries([0, 1].map((i) => [`k"${i}\\`, make(depth + 1)]));
    return [1.5, null, 'a "quoted", [{ text \\', ""][kind];
  };
  for (let round = 0; round < 500; round++) {
    const value = make(0);
    expect(measureJson(bytes(JSON.stringify(value))).values).toBeGreaterThanOrEqual(countOf(value));
  }
});

test("the limits hold, and name what was received", () => {
  const list = (count: number, item: string) => bytes(`[${Array(count).fill(item).join()}]`);
  const { values, objects } = LIMITS.json;
  checkJsonSize(list(values - 2, "1"));
  expect(() => checkJsonSize(list(values, "1"))).toThrow(`has ${values + 1} JSON values; at most`);
  checkJsonSize(list(objects, "{}"));
  expect(() => checkJsonSize(list(objects + 1, "{}"))).toThrow(`${objects + 1} JSON objects`);
});
