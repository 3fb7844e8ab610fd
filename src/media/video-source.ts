import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

/** A demuxer of FFmpeg's, which is told to use this one and no other. */
export type Container = "mov" | "matroska" | "flv" | "gif" | "avi";

const SUPPORTED = "send MP4, MOV, 3GP, MKV, WebM, FLV, AVI or GIF";
/** What the first box of a file of the MP4 family may be. */
const MOV_BOXES = ["ftyp", "moov", "mdat", "free", "skip", "wide", "pnot"];

/**
 * Recognises a video file by its first bytes, whatever it was called. Playlists and other files
 * that name further files are none.
 *
 * Throws invalid_media (no bytes), media_too_large or unsupported_media_type.
 */
export function inspectVideo(bytes: Uint8Array): Container {
  if (bytes.length === 0) throw new VireoError("invalid_media", "the video is empty (0 bytes)");
  if (bytes.length > LIMITS.videoBytes) {
    const metadata = { limit: LIMITS.videoBytes, actual: bytes.length };
    const message = `the video has ${bytes.length} bytes; the limit is ${LIMITS.videoBytes}`;
    throw new VireoError("media_too_large", message, { metadata });
  }
  const start = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
  if (MOV_BOXES.includes(start.slice(4, 8)) && !isPicture(start.slice(8, 12))) return "mov";
  if (start.startsWith("\x1aE\xdf\xa3")) return "matroska";
  if (start.startsWith("FLV\x01")) return "flv";
  if (start.startsWith("GIF87a") || start.startsWith("GIF89a")) return "gif";
  if (start.startsWith("RIFF") && start.startsWith("AVI ", 8)) return "avi";
  throw new VireoError("unsupported_media_type", `the data is no known video file; ${SUPPORTED}`);
}

/** AVIF and HEIC are of the MP4 family too. */
function isPicture(brand: string): boolean {
  return /^(avi[fs]|hei|hev|mif1|msf1)/.test(brand);
}
