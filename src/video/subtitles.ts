/** A text with the interval of a video in which it applies. */
export interface Caption {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly text: string;
}

/**
 * Formats captions as SubRip (SRT).
 *
 * @example
 * const captions = [{ startSeconds: 0, endSeconds: 4, text: "A circle moves." }];
 * await writeFile("clip.srt", toSrt(captions));
 */
export function toSrt(captions: readonly Caption[]): string {
  return captions
    .map(({ startSeconds, endSeconds, text }, index) => {
      const times = `${stamp(startSeconds, ",")} --> ${stamp(endSeconds, ",")}`;
      return `${index + 1}\n${times}\n${oneBlock(text)}\n`;
    })
    .join("\n");
}

/**
 * Formats captions as WebVTT. The text of WebVTT is markup, so the captions are escaped.
 *
 * @example
 * const captions = [{ startSeconds: 0, endSeconds: 4, text: "A circle moves." }];
 * await writeFile("clip.vtt", toVtt(captions));
 */
export function toVtt(captions: readonly Caption[]): string {
  const cues = captions.map(({ startSeconds, endSeconds, text }) => {
    const escaped = oneBlock(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    const times = `${stamp(startSeconds, ".")} --> ${stamp(endSeconds, ".")}`;
    return `${times}\n${escaped.replaceAll(">", "&gt;")}\n`;
  });
  return ["WEBVTT\n", ...cues].join("\n");
}

/** 83.4 → "1:23", 4000 → "1:06:40". */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  const rest = two(whole % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** "00:01:23,400" */
function stamp(seconds: number, point: "," | "."): string {
  const ms = Math.round(seconds * 1000);
  const pad = (value: number, digits = 2): string => String(value).padStart(digits, "0");
  const whole = Math.floor(ms / 1000);
  const clockTime = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return `${clockTime.map((part) => pad(part)).join(":")}${point}${pad(ms % 1000, 3)}`;
}

/** An empty line would end the cue, and an arrow would begin another. */
function oneBlock(text: string): string {
  return text.replace(/\s*\n\s*/g, " ").replaceAll("-->", "→");
}
