import { VireoError } from "../../core/errors.ts";

/**
 * Parses a request body: strict JSON in UTF-8 without a byte order mark. Of equal keys the last
 * one counts. The parser is the engine's own, which does not recurse, so depth is no danger.
 *
 * Throws invalid_json.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decodeText(bytes);
  if (text.trim() === "") throw invalid("it is empty");
  if (text.startsWith("\ufeff")) throw invalid("it begins with a byte order mark; leave it out");
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

/** So deep that what recurses through the value later could run out of stack. */
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
 * Arguments of a call as JSON text; "{}" if there are none.
 *
 * param: names the field in the error. Throws out_of_range if they are nested too deeply.
 */
export function argumentsText(given: string | object | null | undefined, param: string): string {
  if (given === null || given === undefined || given === "") return "{}";
  if (typeof given === "string") return given;
  if (isTooDeep(given)) {
    throw new VireoError("out_of_range", `${param} is nested too deeply`, { param });
  }
  return JSON.stringify(given);
}
