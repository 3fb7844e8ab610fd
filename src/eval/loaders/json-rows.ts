// Rows of JSON files as the benchmarks' authors publish them: a list, an object by id, or lines.

import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { readJson } from "../python/json.ts";
import { isDict, itemsOf, type PythonDict, type PythonValue } from "../python/value.ts";
import type { Cell, Row } from "./row.ts";

/**
 * The rows of the file. Numbers keep their kind, because scorers print them as Python does. A row
 * of an object gets its key as `pid`, and a row of MVBench the file's name as `task`.
 */
export async function readJsonRows(path: string, folder: string): Promise<Row[]> {
  const { size } = await stat(path);
  if (size > LIMITS.eval.jsonBytes) {
    const most = LIMITS.eval.jsonBytes;
    const message = `${basename(path)} has ${size} bytes; at most ${most} are read`;
    throw new VireoError("invalid_option", message, { param: "data" });
  }
  const text = (await readFile(path, "utf8")).replace(/^\ufeff/, "");
  const value = path.endsWith(".jsonl") ? readLines(text) : readJson(text);
  const dicts = value === undefined ? undefined : rowsOf(value);
  if (dicts === undefined) {
    const message = `${basename(path)} is not JSON with a list or an object of items`;
    throw new VireoError("invalid_option", message, { param: "data" });
  }
  const task = basename(path).replace(/\.jsonl?$/, "");
  return dicts.map((dict, at) => {
    const cells = new Map<string, Cell>([["task", task]]);
    for (const [key, cell] of dict) cells.set(String(key), cell);
    return { cells, place: `${basename(path)}, item ${at + 1}`, folder };
  });
}

function readLines(text: string): PythonValue | undefined {
  const values = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => readJson(line));
  return values.includes(undefined) ? undefined : (values as PythonValue[]);
}

function rowsOf(value: PythonValue): PythonDict[] | undefined {
  const list = isDict(value)
    ? [...value].map(([pid, item]) => (isDict(item) ? new Map([["pid", pid], ...item]) : item))
    : itemsOf(value);
  return list?.every((item) => isDict(item)) ? (list as PythonDict[]) : undefined;
}
