import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

/** What a field is for. */
export type MediaKind = "image" | "video" | "document";

interface KindRules {
  readonly types: RegExp;
  readonly bytesMost: number;
  /** The way out of most mistakes. */
  readonly example: string;
  /** The field for the other kind. */
  readonly otherTypes: RegExp;
  readonly otherField: string;
}

const RULES: Readonly<Record<MediaKind, KindRules>> = Object.freeze({
  image: {
    types: /^image\//,
    bytesMost: LIMITS.imageBytes,
    example: "send the image itself as data:image/png;base64,…",
    otherTypes: /^video\//,
    otherField: "video_url",
  },
  video: {
    types: /^(video\/|image\/gif$)/,
    bytesMost: LIMITS.videoBytes,
    example: "send the video itself as data:video/mp4;base64,…",
    otherTypes: /^image\//,
    otherField: "image_url",
  },
  document: {
    types: /^(application|image)\//,
    bytesMost: LIMITS.documentBytes,
    example: "send the file itself as data:application/pdf;base64,…",
    otherTypes: /^video\//,
    otherField: "video_url",
  },
});

/**
 * The bytes of a file that was sent inside its URL. Nothing is fetched from anywhere.
 *
 * Strict: plain base64 with padding, no blanks. The declared type only has to be of the kind; what
 * the bytes are is found out later. A video of type video/jpeg is a list of pictures, one for each
 * frame, between commas; anything else is a list of one file.
 *
 * Throws invalid_media, unsupported_media_type, unsupported_modality or
 * media_too_large, all naming `param`.
 */
export function decodeDataUrl(
  url: string,
  kind: MediaKind,
  param: string,
): { readonly files: readonly Uint8Array[]; readonly areFrames: boolean } {
  const { example, bytesMost } = RULES[kind];
  if (!/^data:/i.test(url)) {
    throw invalid(param, `only http:, https: and data: URLs are accepted; ${example}`);
  }
  const comma = url.slice(0, 256).indexOf(",");
  if (comma === -1) throw invalid(param, `the data URL has no comma after its type; ${example}`);
  const [type = "", ...options] = url.slice("data:".length, comma).toLowerCase().split(";");
  checkType(type, kind, param);
  if (options.at(-1) !== "base64") throw invalid(param, `the data must be base64; ${example}`);
  const data = url.slice(comma + 1);
  if (kind === "video" && type === "video/jpeg") {
    const texts = splitFrames(data, param);
    const rules = { what: "frame", bytesMost: LIMITS.imageBytes, param };
    return { files: texts.map((text) => decodeBase64(text, rules)), areFrames: true };
  }
  return { files: [decodeBase64(data, { what: kind, bytesMost, param })], areFrames: false };
}

function checkType(type: string, kind: MediaKind, param: string): void {
  const { types, otherTypes, otherField, example } = RULES[kind];
  if (type === "image/svg+xml") {
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
  const limit = LIMITS.listedFrames;
  const texts = data.split(",", limit + 1);
  if (texts.length <= limit) return texts;
  const message = `${param}: the list has more than ${limit} frames; send fewer, or a video file`;
  throw new VireoError("media_too_large", message, { param, metadata: { limit } });
}

interface Base64Rules {
  readonly what: string;
  readonly bytesMost: number;
  readonly param: string;
}

function decodeBase64(text: string, { what, bytesMost: limit, param }: Base64Rules): Uint8Array {
  if (text === "") throw invalid(param, `the ${what} is empty (0 bytes)`);
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const length = (text.length / 4) * 3 - padding;
  if (length > limit) {
    const actual = Math.round(length);
    const message = `${param}: the ${what} has ${actual} bytes; at most ${limit} are taken`;
    throw new VireoError("media_too_large", message, { param, metadata: { limit, actual } });
  }
  const bytes = Buffer.from(text, "base64");
  // The decoder skips what it does not know and takes the URL-safe letters too.
  if (bytes.length !== length || text.includes("-") || text.includes("_")) {
    throw invalid(param, "the data is not base64 (A-Z a-z 0-9 + / with = padding, no blanks)");
  }
  return bytes;
}

function invalid(param: string, why: string): VireoError {
  return new VireoError("invalid_media", `${param}: ${why}`, { param });
}
