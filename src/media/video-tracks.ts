// Parses the tracks of a video file, as FFmpeg lists them on stderr, and selects one.

import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { type Container, VIDEO_FORMATS } from "./video-source.ts";

/** One track of a file. */
export interface ListedTrack {
  readonly index: number;
  readonly kind: "Video" | "Audio" | "Subtitle" | "Data" | "Attachment";
  /** FFmpeg's name of the format, "none" if FFmpeg does not know it. */
  readonly codec: string;
  /** The container's name of the format, such as "avc1"; undefined if there is none. */
  readonly tag?: string;
  readonly isDefault: boolean;
  /** Whether it is a cover or a chapter's thumbnail. */
  readonly isCover: boolean;
  /** Frames per second as the file declares them, rounded to two decimals. */
  readonly rate?: number;
  /** Degrees by which frames must be rotated to be upright. */
  rotation: number;
}

/**
 * Allowed decoders by format: only formats of cameras, phones, editing programs and the web. A
 * format has several decoders if builds of FFmpeg differ.
 */
const DECODERS: Readonly<Record<string, readonly string[]>> = Object.freeze({
  h264: ["h264"],
  hevc: ["hevc"],
  vp8: ["vp8", "libvpx"],
  vp9: ["vp9", "libvpx-vp9"],
  av1: ["libdav1d", "libaom-av1", "av1"],
  mpeg4: ["mpeg4"],
  h263: ["h263"],
  flv1: ["flv"],
  vp6: ["vp6"],
  vp6f: ["vp6f"],
  gif: ["gif"],
  mjpeg: ["mjpeg"],
  mpeg1video: ["mpeg1video"],
  mpeg2video: ["mpeg2video"],
  theora: ["theora"],
  wmv1: ["wmv1"],
  wmv2: ["wmv2"],
  wmv3: ["wmv3"],
  vc1: ["vc1"],
  msmpeg4v2: ["msmpeg4v2"],
  msmpeg4v3: ["msmpeg4"],
  prores: ["prores"],
  dnxhd: ["dnxhd"],
  dvvideo: ["dvvideo"],
  png: ["png"],
  apng: ["apng"],
  rawvideo: ["rawvideo"],
});

/** Value of -codec_whitelist: the decoders of one format, or all allowed ones. */
export function allowedDecoders(codec?: string): string {
  const names = codec === undefined ? Object.values(DECODERS).flat() : (DECODERS[codec] ?? []);
  return names.join(",");
}

const STREAM = /^ {2}Stream #0:(\d+)(?:\[\w+\])?(?:\([^)]*\))?: (\w+): ([\w-]+)(.*)$/;
const KINDS: readonly string[] = ["Video", "Audio", "Subtitle", "Data", "Attachment"];

/** Collects the tracks that FFmpeg lists when it opens a file. */
export class TrackListing {
  readonly tracks: ListedTrack[] = [];
  /** FFmpeg found no index in a file of the MP4 family. */
  lacksIndex = false;
  private ended = false;

  readLine(line: string): void {
    if (line.includes("moov atom not found")) this.lacksIndex = true;
    if (/^(Output #|Stream mapping:)/.test(line)) this.ended = true;
    if (this.ended) return;
    const [, index, kind = "", codec = "", rest = ""] = STREAM.exec(line) ?? [];
    const turned = /^ +display ?matrix: rotation of (-?[\d.]+) degrees/i.exec(line)?.[1];
    const last = this.tracks.at(-1);
    if (turned !== undefined && last) last.rotation = Number(turned);
    if (index === undefined || !KINDS.includes(kind)) return;
    const tag = /\((\S{1,40}) \/ 0x[0-9A-F]+\)/.exec(rest)?.[1];
    const [, rate = "", thousands] = /, ([\d.]+)(k?) tbr/.exec(rest) ?? [];
    this.tracks.push({
      index: Number(index),
      kind: kind as ListedTrack["kind"],
      codec,
      ...defined({ tag }),
      isDefault: rest.includes("(default)"),
      isCover: /\((attached pic|timed thumbnails)\)/.test(rest),
      ...(Number(rate) > 0 ? { rate: Number(rate) * (thousands ? 1000 : 1) } : {}),
      rotation: 0,
    });
  }
}

/**
 * Selects the track to decode: decodable tracks first, then the default track, then the first one.
 *
 * Throws media_undecodable for a file without a picture track, for an encrypted one and for a
 * format that is not supported; the message names it.
 */
export function chooseTrack(listing: TrackListing, container: Container, file: Uint8Array) {
  const refuse = (message: string) => new VireoError("media_undecodable", message);
  const pictures = listing.tracks.filter(({ kind, isCover }) => kind === "Video" && !isCover);
  const decoded = pictures.filter(({ codec }) => Object.hasOwn(DECODERS, codec));
  const track = decoded.find(({ isDefault }) => isDefault) ?? decoded[0];
  if (container === "mov" && isEncrypted(file)) {
    throw refuse("the video is encrypted (DRM); send an unprotected copy");
  }
  if (track !== undefined) return track;
  if (pictures.length > 0) {
    const { codec, tag } = pictures.find(({ isDefault }) => isDefault) ?? pictures[0]!;
    const name = codec !== "none" ? codec : tag === undefined ? "(unknown)" : printable(tag);
    throw refuse(`codec ${name} is not decoded here; convert the video to H.264 in MP4`);
  }
  if (listing.tracks.some(({ kind }) => kind === "Audio")) {
    throw refuse("the file holds sound but no picture track; send a video with pictures");
  }
  if (listing.tracks.length > 0) {
    throw refuse(`the file holds no picture track; send ${VIDEO_FORMATS} with one`);
  }
  if (listing.lacksIndex) {
    throw refuse("the video's index (moov) is missing: it was cut off or is still being written");
  }
  throw refuse("the file holds no video that can be read: it is damaged or was cut off");
}

/** FFmpeg prints non-letter bytes of a tag as "[27]". */
function printable(tag: string): string {
  return /^[\w.-]{1,8}$/.test(tag) ? tag : "(unknown)";
}

/** Whether a sample description of the MP4 family declares encrypted pictures. */
function isEncrypted(file: Uint8Array): boolean {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const behindBox = 16; // flags, number of entries, size of the first one
  for (let at = bytes.indexOf("stsd"); at >= 0; at = bytes.indexOf("stsd", at + 4)) {
    if (bytes.toString("latin1", at + behindBox, at + behindBox + 4) === "encv") return true;
  }
  return false;
}
