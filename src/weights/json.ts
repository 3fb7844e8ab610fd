import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads one of a checkpoint's JSON files as an object; undefined if there is no such file.
 * Throws invalid_checkpoint, naming the file, for anything else.
 */
export async function readJsonFile(
  path: string,
  maxBytes: number = LIMITS.checkpoint.jsonFileBytes,
): Promise<JsonObject | undefined> {
  const file = basename(path);
  let bytes: Uint8Array;
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new VireoError("invalid_checkpoint", `${file} is not a file`);
    if (found.size > maxBytes) {
      throw new VireoError(
        "invalid_checkpoint",
        `${file} has ${found.size} bytes; the limit is ${maxBytes}`,
      );
    }
    bytes = await readFile(path);
  } catch (cause) {
    if (cause instanceof VireoError) throw cause;
    if (hasCode(cause, "ENOENT")) return undefined;
    throw new VireoError("invalid_checkpoint", `${file} cannot be read`, { cause });
  }
  const value = parsePythonJson(decodeUtf8(bytes, file), file);
  if (!isJsonObject(value)) {
    throw new VireoError("invalid_checkpoint", `${file} does not hold a JSON object`);
  }
  return value;
}

/**
 * JSON as Python's `json.dumps` writes it: the bare tokens Infinity and -Infinity are numbers,
 * NaN becomes null (no field may be NaN, so a reader refuses it there). Text inside strings is
 * left alone.                                            file: for the error message only.
 */
export function parsePythonJson(text: string, file: string): unknown {
  try {
    return JSON.parse(/NaN|Infinity/.test(text) ? withoutBareTokens(text) : text);
  } catch (cause) {
    throw new VireoError("invalid_checkpoint", `${file} is not valid JSON`, { cause });
  }
}

export function decodeUtf8(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new VireoError("invalid_checkpoint", `${file} is not UTF-8 text`, { cause });
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function withoutBareTokens(text: string): string {
  const token = /"|-?Infinity|NaN/g;
  let out = "";
  let copied = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    if (match[0] === '"') {
      token.lastIndex = endOfString(text, match.index);
      continue;
    }
    out += text.slice(copied, match.index) + replacement(match[0]);
    copied = token.lastIndex;
  }
  return out + text.slice(copied);
}

/** JSON.parse reads a number beyond the range of doubles as infinity. */
function replacement(token: string): string {
  if (token === "NaN") return "null";
  return token.startsWith("-") ? "-1e999" : "1e999";
}

function endOfString(text: string, open: number): number {
  let at = open + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    at += code === 0x5c ? 2 : 1;
  }
  return text.length;
}
