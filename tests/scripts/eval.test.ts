import { expect, test } from "vitest";
// @ts-expect-error a script without types
import * as score from "../../scripts/eval/score.mjs";

test("characters: edits and expected length, with white space as one space", () => {
  expect(score.distance("kitten", "sitting")).toBe(3);
  expect(score.distance("", "abc")).toBe(3);
  expect(score.characters("ab  c\nd", "ab c d")).toEqual({ points: 0, of: 6 });
  expect(score.characters("größe", "grosse")).toEqual({ points: 3, of: 6 });
});

test("fields: F1 of pairs; null counts, broken JSON has none", () => {
  const wanted = '{"a": "1", "b": null}';
  expect(score.fields('{"b": null, "a": "1"}', wanted).points).toBe(1);
  expect(score.fields('{"a": "2", "b": null}', wanted).points).toBe(0.5);
  expect(score.fields('{"a": "1"}', wanted).points).toBeCloseTo(2 / 3);
  expect(score.fields('{"a": "1', wanted).points).toBe(0);
  expect(score.fields('{"a": "1", "b": "null"}', wanted).points).toBe(0.5);
  expect(score.fields('{"a": "2", "a": "1", "b": null}', wanted).points).toBe(0.8);
});

test("cells: the position counts, in Markdown and CSV", () => {
  const markdown = "| a | b |\n| --- | --- |\n| 1 | 2 |";
  expect(score.cells(markdown, markdown).points).toBe(1);
  expect(score.cells("a,b\n1,2", "a,b\n1,2").points).toBe(1);
  expect(score.cells("a,b\n2,1", "a,b\n1,2").points).toBe(0.5);
  expect(score.cells("", "a,b").points).toBe(0);
});

test("exact: white space and a final full stop aside", () => {
  expect(score.exact(" The red star\n", "The red star.").points).toBe(1);
  expect(score.exact("the red star", "The red star.").points).toBe(0);
});

test("boxes: intersection over union of a half", () => {
  expect(score.boxes("[0, 0, 100, 100]", "[0, 0, 100, 100]").points).toBe(1);
  expect(score.boxes("[0, 0, 100, 50]", "[0, 0, 100, 100]").points).toBe(1);
  expect(score.boxes("[0, 0, 100, 49]", "[0, 0, 100, 100]").points).toBe(0);
  expect(score.boxes("none", "[0, 0, 100, 100]").points).toBe(0);
  expect(score.boxes("[100, 100, 0, 0]", "[0, 0, 100, 100]").points).toBe(0);
});

test("tool calls: one call, the same name, the same arguments", () => {
  const wanted = '{"name": "f", "arguments": {"x": "1"}}';
  const call = (name: string, given: string) => ({ name, arguments: given });
  expect(score.toolCall([call("f", '{"x": "1"}')], wanted).points).toBe(1);
  expect(score.toolCall([call("g", '{"x": "1"}')], wanted).points).toBe(0);
  expect(score.toolCall([call("f", '{"x": "2"}')], wanted).points).toBe(0);
  expect(score.toolCall([], wanted).points).toBe(0);
  expect(score.toolCall([call("f", '{"x": "2", "x": "1"}')], wanted).points).toBe(0);
  const two = '{"name": "f", "arguments": {"x": "1", "y": "2"}}';
  expect(score.toolCall([call("f", '{"y":"2","x":"1"}')], two).points).toBe(1);
});
