import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

/** A demuxer of FFmpeg; FFmpeg may use no other. */
export type Container =
  | "mov"
  | "matroska"
  | "flv"
  | "gif"
  | "avi"
  | "mpegts"
  | "mpeg"
  | "ogg"
  | "asf"
  | "dv"
  | "apng";

/** The supported formats, for error messages about unknown files. */
export const VIDEO_FORMATS =
  "MP4, MOV, 3GP, MKV, WebM, FLV, AVI, GIF, APNG, MPEG-TS, MPEG, OGV, WMV or DV";

/** Bytes of a PNG that are searched for its animation chunk; profiles and texts may precede it. */
const PNG_HEAD_BYTES = 65_536;
/** Box types that a file of the MP4 family may begin with. */
const MOV_BOXES = ["ftyp", "styp", "moov", "mdat", "free", "skip", "wide", "pnot", "moof", "sidx"];

/** Containers by the first bytes of their files, in hexadecimal. */
const MAGIC: readonly (readonly [pattern: RegExp, container: Container])[] = [
  [/^1a45dfa3/, "matroska"],
  [/^464c5601/, "flv"], // FLV, version 1
  [/^474946383[79]61/, "gif"], // GIF87a, GIF89a
  [/^52494646.{8}41564920/, "avi"], // RIFF....AVI
  [/^4f676753/, "ogg"], // OggS
  [/^3026b2758e66cf11/, "asf"],
  [/^000001ba/, "mpeg"], // a pack header
  [/^1f0700[3b]f/, "dv"],
];

/** Unsupported video and sound formats by their first bytes, in hexadecimal. */
const NAMED_FORMATS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^060e2b3402050101/, "MXF"],
  [/^2e524d46/, "RealMedia"], // .RMF
  [/^595556344d50454732/, "Y4M (raw frames)"], // YUV4MPEG2
  [/^444b4946/, "IVF"], // DKIF
  [/^6e75742f6d756c/, "NUT"], // nut/mul
  [/^(46|43|5a)5753/, "Flash (SWF)"],
  [/^b7d800203749da11/, "WTV"],
  [/^(00)?000001(67|27|09)/, "a raw H.264 stream without a container"],
  [/^(00)?000001(40|42|46)01/, "a raw HEVC stream without a container"],
  [/^000001b3/, "a raw MPEG stream without a container"],
  [/^52494646.{8}57415645|^494433|^664c6143|^2321414d52|^fff[19b3]/, "sound"],
  [/^52494646.{8}57454250/, "WebP, animated or not,"],
  [/^234558544d3355|^6666636f6e636174/, "a playlist"], // #EXTM3U, ffconcat
];

/**
 * Recognises a video file by its first bytes, not by its name. Playlists and other files that
 * refer to further files are refused.
 *
 * Throws invalid_media (no bytes), media_too_large or unsupported_media_type.
 */
export function inspectVideo(bytes: Uint8Array): Container {
  if (bytes.length === 0) throw new VireoError("invalid_media", "the video is empty (0 bytes)");
  if (bytes.length > LIMITS.video.bytes) {
    const metadata = { limit: LIMITS.video.bytes, actual: bytes.length };
    const message = `the video has ${bytes.length} bytes; the limit is ${LIMITS.video.bytes}`;
    throw new VireoError("media_too_large", message, { metadata });
  }
  const container = recogniseVideo(bytes);
  if (container !== undefined) return container;
  const named = unreadVideo(bytes);
  const what = named === undefined ? "the data is no known video file" : `${named} is not read`;
  throw new VireoError("unsupported_media_type", `${what}; send ${VIDEO_FORMATS}`);
}

/** The container of a video or sound file by its bytes; undefined for everything else. */
export function recogniseVideo(bytes: Uint8Array): Container | undefined {
  const start = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
  if (MOV_BOXES.includes(start.slice(4, 8)) && !isPicture(start)) return "mov";
  const magic = hexOf(bytes);
  const found = MAGIC.find(([pattern]) => pattern.test(magic))?.[1];
  if (found !== undefined) return found;
  if (isAnimatedPng(bytes)) return "apng";
  return isTransportStream(bytes) ? "mpegts" : undefined;
}

/** The name of a video or sound format that is recognised but not supported. */
export function unreadVideo(bytes: Uint8Array): string | undefined {
  const magic = hexOf(bytes);
  return NAMED_FORMATS.find(([pattern]) => pattern.test(magic))?.[1];
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 16)).toString("hex");
}

/** AVIF and HEIC belong to the MP4 family too. */
function isPicture(start: string): boolean {
  return start.startsWith("ftyp", 4) && /^(avi[fs]|hei|hev|mif1|msf1)/.test(start.slice(8, 12));
}

/** A PNG with an animation chunk (acTL) before its first pixels (IDAT). */
function isAnimatedPng(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, PNG_HEAD_BYTES));
  if (!file.toString("latin1", 0, 8).startsWith("\x89PNG")) return false;
  for (let at = 8; at + 8 <= file.length; at += 12 + file.readUInt32BE(at)) {
    const type = file.toString("latin1", at + 4, at + 8);
    if (type === "acTL" || type === "IDAT") return type === "acTL";
  }
  return false;
}

/** Packets of 188 bytes: plain, after a time code (M2TS) or before a checksum. */
function isTransportStream(bytes: Uint8Array): boolean {
  const layouts = [
    [188, 0],
    [192, 4],
    [204, 0],
  ] as const;
  return layouts.some(([size, lead]) => {
    const packets = Math.min(4, Math.floor(bytes.length / size));
    if (packets < 2) return false;
    return Array.from({ length: packets }).every((_, at) => bytes[lead + at * size] === 0x47);
  });
}
