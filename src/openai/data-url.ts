import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

const USE_DATA_URL = "send the image itself as data:image/png;base64,…";

/**
 * The bytes of a picture that was sent inside its URL. Nothing is fetched from anywhere.
 *
 * Strict: plain base64 with padding, no blanks. The declared type only has to be a picture's; what
 * the bytes are is found out later.
 *
 * Throws invalid_media, unsupported_media_type, unsupported_modality or
 * media_too_large, all naming `param`.
 */
export function decodeImageUrl(url: string, param: string): Uint8Array {
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(url.slice(0, 64))?.[1]?.toLowerCase();
  if (scheme !== "data" || !/^data:/i.test(url)) {
    throw invalid(param, `only http:, https: and data: URLs are accepted; ${USE_DATA_URL}`);
  }
  const comma = url.slice(0, 256).indexOf(",");
  if (comma === -1)
    throw invalid(param, `the data URL has no comma after its type; ${USE_DATA_URL}`);
  const [type = "", ...options] = url.slice("data:".length, comma).toLowerCase().split(";");
  checkType(type, param);
  if (options.at(-1) !== "base64") throw invalid(param, `the data must be base64; ${USE_DATA_URL}`);
  return decodeBase64(url.slice(comma + 1), param);
}

function checkType(type: string, param: string): void {
  if (type === "image/svg+xml") {
    const message = `${param}: SVG is not supported; convert it to PNG`;
    throw new VireoError("unsupported_media_type", message, { param });
  }
  if (/^(video|audio|application\/pdf)/.test(type)) {
    const message = `${param}: ${type.slice(0, 40)} is not supported here; send an image`;
    throw new VireoError("unsupported_modality", message, { param });
  }
  if (type === "" || type === "application/octet-stream" || type.startsWith("image/")) return;
  throw invalid(param, `the data URL is not an image's; ${USE_DATA_URL}`);
}

function decodeBase64(text: string, param: string): Uint8Array {
  if (text === "") throw invalid(param, "the image is empty (0 bytes)");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const length = (text.length / 4) * 3 - padding;
  if (length > LIMITS.imageBytes) {
    const metadata = { limit: LIMITS.imageBytes, actual: Math.round(length) };
    const { limit, actual } = metadata;
    const message = `${param}: the image has ${actual} bytes; at most ${limit} are taken`;
    throw new VireoError("media_too_large", message, { param, metadata });
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
