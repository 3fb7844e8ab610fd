import type { z } from "zod";
import { type ErrorCode, VireoError } from "../../core/errors.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Checks a body against a schema. Throws a VireoError that names the first invalid field. */
export function check<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  if (first === undefined) throw new VireoError("invalid_type", "the request body is not valid");
  throw explain(deepest(first), body);
}

/** Picks the issue of the union branch with the same `type`, else of the best matching branch. */
function deepest(issue: Issue, parents: Path = []): Issue {
  const path = [...parents, ...issue.path];
  if (issue.code === "invalid_union") {
    const sameType = issue.errors.filter((branch) => !branch.some(isAboutType));
    const [best] = (sameType.length > 0 ? sameType : issue.errors)
      .map(([first]) => first)
      .filter((first) => first !== undefined)
      .toSorted((a, b) => progress(b) - progress(a));
    if (best !== undefined && progress(best) > 0) return deepest(best, path);
  }
  return { ...issue, path };
}

function isAboutType({ path }: Issue): boolean {
  return path.length === 1 && path[0] === "type";
}

function progress(issue: Issue): number {
  return issue.path.length * 2 + (issue.code === "invalid_type" ? 0 : 1);
}

function explain(issue: Issue, body: unknown): VireoError {
  const value = valueAt(body, issue.path);
  const param = formatPath(issue.path);
  const [code, reason] = describe(issue, value);
  const name = param === "" ? "the request body" : param;
  const details = param === "" ? {} : { param };
  return new VireoError(code, `${name} ${reason}`, details);
}

function describe(issue: Issue, value: unknown): [ErrorCode, string] {
  if (value === undefined && issue.code !== "custom") return ["missing_required", "is required"];
  const actual = `but is ${describeValue(value)}`;
  switch (issue.code) {
    case "invalid_type":
      if (typeof value === "number" && issue.expected === "number") {
        return ["out_of_range", "must be a finite number"];
      }
      return ["invalid_type", `must be ${article(issue.expected)}, ${actual}`];
    case "too_small":
      return [
        "out_of_range",
        `must ${bound(issue, issue.minimum, "at least", "more than")}, ${actual}`,
      ];
    case "too_big":
      return [
        "out_of_range",
        `must ${bound(issue, issue.maximum, "at most", "less than")}, ${actual}`,
      ];
    case "invalid_value":
      return ["out_of_range", `must be ${listValues(issue.values)}, ${actual}`];
    case "invalid_union":
      return ["invalid_type", `${alternatives(issue)}, ${actual}`];
    case "custom":
      return ["out_of_range", issue.message];
    default:
      return ["invalid_type", `has the wrong form, ${actual}`];
  }
}

function article(expected: string): string {
  if (expected === "int") return "a whole number";
  if (expected === "array") return "a list";
  return expected === "object" ? "an object" : `a ${expected}`;
}

function bound(
  issue: { readonly origin: string; readonly inclusive?: boolean },
  limit: number | bigint,
  inclusive: string,
  exclusive: string,
): string {
  const range = `${issue.inclusive === false ? exclusive : inclusive} ${limit}`;
  if (issue.origin === "array") return `have ${range} entries`;
  return issue.origin === "string" ? `have ${range} characters` : `be ${range}`;
}

/** Lists the allowed values, without null and undefined. */
function listValues(values: readonly unknown[]): string {
  const sent = new Set(values.filter((value) => value !== undefined && value !== null));
  const shown = [...sent].map((value) => JSON.stringify(value)).join(", ");
  return sent.size > 1 ? `one of ${shown}` : shown;
}

/** Lists the types that a union expects, each once; for a `type`, its values. */
function alternatives(issue: Issue): string {
  if ("options" in issue && Array.isArray(issue.options))
    return `must be ${listValues(issue.options)}`;
  if (issue.code !== "invalid_union") return "has the wrong form";
  const expected = issue.errors.flatMap(([first]) =>
    first?.code === "invalid_type" ? [article(first.expected)] : [],
  );
  if (expected.length === 0) return "has the wrong form";
  return `must be ${[...new Set(expected)].join(" or ")}`;
}

/** Describes any value briefly, for an error message. */
export function describeValue(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === null) return "null";
  if (typeof value === "object") return "an object";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
}

function valueAt(body: unknown, path: Path): unknown {
  let value = body;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** Formats a path, such as `messages[0].content`. Its names come from the schema. */
function formatPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}
