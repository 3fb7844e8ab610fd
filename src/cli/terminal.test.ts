import { describe, expect, test } from "vitest";
import { OBEYED, TERMINAL } from "../../tests/fixtures/payloads.ts";
import { createLog } from "../core/log.ts";
import { plainJson } from "../core/plain-json.ts";
import { openTerminal, printable } from "./terminal.ts";

const ESC = String.fromCharCode(27);

/** Collects the text that a terminal would receive. */
function written(act: (terminal: ReturnType<typeof openTerminal>) => void): string {
  const pieces: string[] = [];
  const stream = { isTTY: true, write: (piece: string) => pieces.push(piece) };
  act(openTerminal(stream as unknown as NodeJS.WriteStream));
  return pieces.join("");
}

describe.each(Object.entries(TERMINAL))("%s", (_, payload) => {
  test("answers", () => {
    expect(printable(payload)).not.toMatch(OBEYED);
  });

  test("notes and progress, also in bold and dim", () => {
    const own = new RegExp(`${ESC}\\[[0-2]m|\\r${ESC}\\[K`, "g"); // from this program itself
    const text = written((terminal) => {
      terminal.progress(`reading ${payload}`);
      terminal.note(`${payload}: ${terminal.bold(payload)} ${terminal.dim(payload)}`);
    });
    expect(text.replaceAll(own, "")).not.toMatch(OBEYED);
  });

  test("JSON, which keeps the text", () => {
    const json = plainJson({ [payload]: payload });
    expect(json).not.toMatch(OBEYED);
    expect(JSON.parse(json)).toEqual({ [payload]: payload });
    expect(plainJson([payload], 2)).not.toMatch(OBEYED);
  });

  test("the log", () => {
    const lines: string[] = [];
    createLog((text) => lines.push(text))("warn", "x", { message: payload });
    const [line = ""] = lines;
    expect(line).not.toMatch(OBEYED);
    expect(JSON.parse(line)).toMatchObject({ message: payload });
  });
});

test("text in any script stays as it is", () => {
  const text = "Grüße\n\tשָׁלוֹם\u200f 日本語 👩‍👩‍👧 e\u0301";
  expect(printable(text)).toBe(text);
  expect(JSON.parse(plainJson(text))).toBe(text);
});
