import { describe, expect, test } from "vitest";
import { findBoxes, splitAtBoxes } from "./boxes.ts";

const keys = (text: string, values: readonly unknown[] = []): string[] =>
  findBoxes(text, values).map(({ key, label }) => (label === undefined ? key : `${label} ${key}`));

describe("boxes in text", () => {
  test.each<[string, string[]]>([
    ["The cat is at [10, 20, 300, 400].", ["10,20,300,400"]],
    ["[1,2,3,4] and [ 5 , 6 , 7 , 8 ]", ["1,2,3,4", "5,6,7,8"]],
    ["[0,0,1000,1000]", ["0,0,1000,1000"]],
    ["[0.5, 1, 20.25, 30]", ["0.5,1,20.25,30"]],
    ["twice [1,2,3,4] [1,2,3,4]", ["1,2,3,4"]],
    ["outside [0,0,1001,10]", []],
    ["turned round [30,20,10,40] [10,40,20,30]", []],
    ["flat [1,1,1,5]", []],
    ["three [1,2,3], five [1,2,3,4,5]", []],
    ["a list [-1,2,3,4]", []],
  ])("%s", (text, expected) => {
    expect(keys(text)).toEqual(expected);
  });

  test("split the text at their positions", () => {
    const pieces = splitAtBoxes("a [1,2,3,4] b [9,9,9,9]");
    expect(pieces.map(({ text }) => text)).toEqual(["a ", "[1,2,3,4]", " b [9,9,9,9]"]);
    expect(pieces[1]?.box).toMatchObject({ x1: 1, y1: 2, x2: 3, y2: 4 });
  });
});

describe("boxes in JSON", () => {
  test.each<[unknown, string[]]>([
    [[{ label: "cat", bbox: [1, 2, 3, 4] }], ["cat 1,2,3,4"]],
    [{ name: "dog", box_2d: [1, 2, 3, 4] }, ["dog 1,2,3,4"]],
    [{ box: [1, 2, 3, 4] }, ["1,2,3,4"]],
    [{ bounding_box: { x1: 1, y1: 2, x2: 3, y2: 4 } }, ["1,2,3,4"]],
    [{ cat: [1, 2, 3, 4], dog: [5, 6, 7, 8] }, ["cat 1,2,3,4", "dog 5,6,7,8"]],
    [
      {
        cats: [
          [1, 2, 3, 4],
          [5, 6, 7, 8],
        ],
      },
      ["cats 1,2,3,4", "cats 5,6,7,8"],
    ],
    [{ numbers: [2001, 2002, 2003, 2004] }, []],
    ["[1,2,3,4]", []],
  ])("%j", (value, expected) => {
    expect(keys("", [value])).toEqual(expected);
  });

  test("labels take precedence over the same box in the text", () => {
    const value = [{ label: "cat", bbox: [1, 2, 3, 4] }];
    expect(keys(JSON.stringify(value), [value])).toEqual(["cat 1,2,3,4"]);
  });

  test("depth and number are bounded", () => {
    let deep: unknown = [1, 2, 3, 4];
    for (let level = 0; level < 5000; level++) deep = [deep, []];
    expect(keys("", [deep])).toEqual([]);
    const many = Array.from({ length: 900 }, (_, at) => [at, 0, at + 1, 9]);
    expect(keys("", [many])).toHaveLength(200);
  });
});
