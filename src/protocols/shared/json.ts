import { VireoError } from "../../core/errors.ts";

/**
 * Parses a request body: strict JSON in UTF-8 without a byte order mark. The last of equal keys
 * wins. V8's JSON.parse does not recurse, so deep nesting is harmless here.
 *
 * Throws invalid_json.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decodeText(bytes);
  if (text.trim() === "") throw invalid("it is empty");
  if (text.startsWith("\ufeff")) throw invalid("it begins with a byte order mark; remove it");
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const at = /position (\d+)/.exec(cause.message)?.[1];
    throw invalid(at === undefined ? "it ends too early or is malformed" : `see character ${at}`);
  }
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid("it is not UTF-8");
  }
}

function invalid(why: string): VireoError {
  return new VireoError("invalid_json", `the request body is not valid JSON: ${why}`);
}

const MAX_DEPTH = 128;

/** The error text for a value that is too deep. */
export const TOO_DEEP = `is nested too deeply; send at most ${MAX_DEPTH} levels`;

/** True if code that recurses through the value could exhaust the stack. */
export function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((entry) =>
      typeof entry === "object" && entry !== null ? Object.values(entry) : [],
    );
  }
  return false;
}

/**
 * The arguments of a call as JSON text; "{}" if there are none.
 *
 * param: the field, for errors. Throws out_of_range if they are nested too deeply.
 */
export function argumentsText(args: string | object | null | undefined, param: string): string {
  if (args === null || args === undefined || args === "") return "{}";
  if (typeof args === "string") return args;
  if (isTooDeep(args)) throw new VireoError("out_of_range", `${param} ${TOO_DEEP}`, { param });
  return JSON.stringify(args);
}
