import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";

/** The kind of media that a field accepts. */
export type MediaKind = "image" | "video" | "document";

interface KindRules {
  readonly types: RegExp;
  readonly maxBytes: number;
  /** The remedy that most errors suggest. */
  readonly example: string;
  /** Types that belong in another field, and that field. */
  readonly otherTypes: RegExp;
  readonly otherField: string;
}

const RULES: Readonly<Record<MediaKind, KindRules>> = Object.freeze({
  image: {
    types: /^image\//,
    maxBytes: LIMITS.image.bytes,
    example: "send the image itself as data:image/png;base64,…",
    otherTypes: /^video\//,
    otherField: "video_url",
  },
  video: {
    types: /^(video\/|image\/gif$)/,
    maxBytes: LIMITS.video.bytes,
    example: "send the video itself as data:video/mp4;base64,…",
    otherTypes: /^image\//,
    otherField: "image_url",
  },
  document: {
    types: /^(application|image|text)\//,
    maxBytes: LIMITS.document.bytes,
    example: "send the file itself as data:application/pdf;base64,…",
    otherTypes: /^video\//,
    otherField: "video_url",
  },
});

/** Maximum length of the part of a data: URL before the comma, in characters. */
const MAX_TYPE_CHARACTERS = 4096;

/**
 * Decodes a data: URL. Nothing is fetched.
 *
 * Follows the Fetch standard: the type is optional and may have parameters, and the data is
 * percent-decoded. Data marked as base64 may contain white space and lack padding; other data is
 * the bytes themselves. The declared type only has to match the kind; the bytes are inspected
 * later. A video of type video/jpeg is a comma-separated list of JPEG frames; anything else is one
 * file.
 *
 * Throws invalid_media, unsupported_media_type, unsupported_modality or media_too_large for
 * `param`.
 */
export function decodeDataUrl(
  url: string,
  kind: MediaKind,
  param: string,
): { readonly files: readonly Uint8Array[]; readonly areFrames: boolean } {
  const { example, maxBytes } = RULES[kind];
  const scheme = /^\s*data:/i.exec(url.slice(0, 64))?.[0];
  if (scheme === undefined) {
    throw invalid(param, `only http:, https: and data: URLs are accepted; ${example}`);
  }
  const comma = url.slice(0, MAX_TYPE_CHARACTERS).indexOf(",");
  if (comma === -1) throw invalid(param, `the data URL has no comma after its type; ${example}`);
  const [type = "", ...options] = url.slice(scheme.length, comma).toLowerCase().split(";");
  checkType(type.trim(), kind, param);
  const data = withoutFragment(url.slice(comma + 1));
  const isBase64 = options.at(-1)?.trim() === "base64";
  if (kind === "video" && type.trim() === "video/jpeg") {
    if (!isBase64) throw invalid(param, `the frames must be base64; ${example}`);
    const texts = splitFrames(percentDecoded(data, param), param);
    const rules = { what: "frame", maxBytes: LIMITS.image.bytes, param };
    return { files: texts.map((text) => decodeBase64(text, rules)), areFrames: true };
  }
  const rules = { what: kind, maxBytes, param };
  if (isBase64)
    return { files: [decodeBase64(percentDecoded(data, param), rules)], areFrames: false };
  return { files: [decodePlain(data, rules)], areFrames: false };
}

function withoutFragment(data: string): string {
  const at = data.indexOf("#");
  return at === -1 ? data : data.slice(0, at);
}

/** Decodes percent-encoded base64, such as `%2B` for a plus or `%0A` for a line break. */
function percentDecoded(data: string, param: string): string {
  if (!data.includes("%")) return data;
  try {
    return decodeURIComponent(data);
  } catch {
    throw invalid(
      param,
      "the data has a % without two hexadecimal digits after it; send it as %25",
    );
  }
}

/** Percent-decodes data that is not base64. Tabs and line breaks are dropped, as URL parsers do. */
function decodePlain(data: string, { what, maxBytes: limit, param }: Base64Rules): Uint8Array {
  const text = data.replace(/[\t\n\r]/g, "");
  const bytes = Buffer.from(text, "utf8");
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const pair = bytes[at] === 0x25 ? bytes.toString("latin1", at + 1, at + 3) : "";
    const isEncoded = /^[\da-f]{2}$/i.test(pair);
    bytes[length++] = isEncoded ? Number.parseInt(pair, 16) : bytes[at]!;
    if (isEncoded) at += 2;
  }
  if (length === 0) throw invalid(param, `the ${what} is empty (0 bytes)`);
  if (length > limit) throw tooLarge(param, what, length, limit);
  return bytes.subarray(0, length);
}

function checkType(type: string, kind: MediaKind, param: string): void {
  const { types, otherTypes, otherField, example } = RULES[kind];
  if (type === "image/svg+xml" && kind !== "document") {
    const message = `${param}: SVG is not supported; convert it to PNG`;
    throw new VireoError("unsupported_media_type", message, { param });
  }
  if (type === "" || type === "application/octet-stream" || types.test(type)) return;
  const article = kind === "image" ? "an image" : `a ${kind}`;
  if (otherTypes.test(type)) {
    const message = `${param}: ${type.slice(0, 40)} is not ${article}; send it as ${otherField}`;
    throw new VireoError("unsupported_modality", message, { param });
  }
  if (type === "application/pdf") {
    const message = `${param}: a PDF is not ${article}; send it as a part of type "file"`;
    throw new VireoError("unsupported_modality", message, { param });
  }
  if (type.startsWith("audio/")) {
    const message = `${param}: ${type.slice(0, 40)} is not supported here; send ${article}`;
    throw new VireoError("unsupported_modality", message, { param });
  }
  throw invalid(param, `the data URL is not ${article}'s; ${example}`);
}

function splitFrames(data: string, param: string): string[] {
  const limit = LIMITS.video.listedFrames;
  const texts = data.split(",", limit + 1);
  if (texts.length <= limit) return texts;
  const message = `${param}: the list has more than ${limit} frames; send fewer, or a video file`;
  throw new VireoError("media_too_large", message, { param, metadata: { limit } });
}

interface Base64Rules {
  readonly what: string;
  readonly maxBytes: number;
  readonly param: string;
}

/** Decodes base64 as browsers do: white space is skipped, and padding is optional. */
function decodeBase64(given: string, { what, maxBytes: limit, param }: Base64Rules): Uint8Array {
  const text = /\s/.test(given) ? given.replace(/[\t\n\f\r ]+/g, "") : given;
  if (text === "") throw invalid(param, `the ${what} is empty (0 bytes)`);
  const isPadded = text.length % 4 === 0;
  const padding = isPadded && text.endsWith("==") ? 2 : isPadded && text.endsWith("=") ? 1 : 0;
  const letters = text.length - padding;
  const length = Math.floor((letters * 3) / 4);
  if (length > limit) throw tooLarge(param, what, length, limit);
  const bytes = Buffer.from(text, "base64");
  // Buffer ignores unknown characters and accepts the URL-safe alphabet, so both are checked here.
  const isPlain = !/[-_]/.test(text) && text.indexOf("=") === (padding > 0 ? letters : -1);
  if (letters % 4 === 1 || bytes.length !== length || !isPlain) {
    throw invalid(param, "the data is not base64 (A-Z a-z 0-9 + /, optionally with = at the end)");
  }
  return bytes;
}

function tooLarge(param: string, what: string, actual: number, limit: number): VireoError {
  const message = `${param}: the ${what} has ${actual} bytes; at most ${limit} are accepted`;
  return new VireoError("media_too_large", message, { param, metadata: { limit, actual } });
}

function invalid(param: string, why: string): VireoError {
  return new VireoError("invalid_media", `${param}: ${why}`, { param });
}
