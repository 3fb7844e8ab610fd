import { expect, test } from "vitest";
import { splitAtCalls } from "./tool-markup.ts";

const text = (piece: string) => ({ text: piece, isCall: false });
const call = (piece: string) => ({ text: piece, isCall: true });

test.each([
  ["Just text, 1 < 2.", [text("Just text, 1 < 2.")]],
  ["<TOOLCALL>[{bad</TOOLCALL>", [call("[{bad")]],
  ["Hm. <TOOLCALL>[{bad", [text("Hm. "), call("[{bad")]],
  ["a<TOOLCALL>b</TOOLCALL>c<TOOLCALL>d", [text("a"), call("b"), text("c"), call("d")]],
  ["<TOOLCALL></TOOLCALL>", []],
  ["left</TOOLCALL> over", [text("left over")]],
  ["Hm. <TOOLC", [text("Hm. ")]],
  ["<TOOLCALL>[1]</TOOL", [call("[1]")]],
  ["1 <", [text("1 <")]],
])("%s", (answer, pieces) => {
  expect(splitAtCalls(answer)).toEqual(pieces);
  for (const piece of splitAtCalls(answer)) expect(piece.text).not.toMatch(/<\/?TOOL/);
});
