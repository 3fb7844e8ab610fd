import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import type { z } from "zod";
import { LIMITS } from "../core/limits.ts";
import { findContradictions } from "./contradictions.ts";
import type { Environment, Mistake, Problem } from "./problems.ts";
import { type Configuration, configuration } from "./schema.ts";

type Path = readonly PropertyKey[];

export type ReadResult =
  | { readonly configuration: Configuration; readonly problems?: undefined }
  | { readonly configuration?: undefined; readonly problems: readonly Problem[] };

/** Reads a configuration in YAML or JSON and finds all its problems. */
export function readConfiguration(text: string, environment: Environment): ReadResult {
  if (text.length > LIMITS.configuration.characters) {
    const max = LIMITS.configuration.characters;
    const message = `the file has ${text.length} characters; at most ${max} are read`;
    return { problems: [{ line: 1, column: 1, message }] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => ({ ...at(lines, pos[0]), message }));
    return { problems };
  }
  const checked = checkDocument(document, environment);
  if (checked.mistakes === undefined) return checked;
  const problems = checked.mistakes.map(({ path, message }) => {
    const shown = path.length === 0 ? "" : `${path.map(String).join(".")} `;
    return { ...at(lines, offsetOf(document, path)), message: `${shown}${message}` };
  });
  return { problems: problems.sort((a, b) => a.line - b.line || a.column - b.column) };
}

type Checked =
  | { readonly configuration: Configuration; readonly mistakes?: undefined }
  | { readonly mistakes: readonly Mistake[] };

function checkDocument(document: Document, environment: Environment): Checked {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: LIMITS.configuration.aliases });
  } catch (error) {
    return { mistakes: [{ path: [], message: error instanceof Error ? error.message : "" }] };
  }
  const result = configuration.safeParse(value ?? {});
  if (!result.success) return { mistakes: result.error.issues.flatMap(toMistakes) };
  const mistakes = findContradictions(result.data, environment);
  return mistakes.length > 0 ? { mistakes } : { configuration: result.data };
}

/** The types of values, in words. */
const TYPES: Readonly<Record<string, string>> = {
  object: "a group of options",
  record: "a group of names",
  array: "a list",
  string: "text",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
};

function toMistakes(issue: z.core.$ZodIssue): readonly Mistake[] {
  const { path } = issue;
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ path: [...path, key], message: "is not a known option" }));
    case "invalid_key":
      return issue.issues.map(({ message }) => ({ path, message }));
    case "invalid_union": {
      // the object form is the one with something to say
      const nested = issue.errors.at(-1) ?? [];
      const deeper = nested.filter((one) => one.path.length > 0);
      if (deeper.length === 0) return [{ path, message: unionMessage(issue) }];
      return deeper.flatMap((one) => toMistakes({ ...one, path: [...path, ...one.path] }));
    }
    case "invalid_value":
      return [{ path, message: `must be one of ${issue.values.map(String).join(", ")}` }];
    case "invalid_type":
      if (!issue.message.startsWith("Invalid input")) return [{ path, message: issue.message }];
      return [{ path, message: `must be ${TYPES[issue.expected] ?? issue.expected}` }];
    default:
      return [{ path, message: issue.message.replace(/^Too/, "is too") }];
  }
}

function unionMessage(issue: z.core.$ZodIssueInvalidUnion): string {
  const { discriminator, message } = issue;
  if (discriminator === undefined) return message.replace(/^Invalid input/, "has a wrong form");
  return "must be local, openai-compatible or chaos";
}

function at(lines: LineCounter, offset: number): Pick<Problem, "line" | "column"> {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** Offset of the key that a path ends with, else of the innermost part that the file has. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? key.value : key) === part);
      if (pair === undefined) break;
      offset = startOf(pair.key) || startOf(pair.value) || offset;
      node = pair.value;
    } else {
      const items = (node as { readonly items?: readonly unknown[] } | null)?.items;
      node = items?.[Number(part)];
      if (node === undefined) break;
      offset = startOf(node) || offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0;
}
