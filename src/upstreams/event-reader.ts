import { VireoError } from "../core/errors.ts";

/** An event of a text/event-stream. */
export interface ServerEvent {
  /** "" stands for an event without a name. */
  readonly event: string;
  readonly data: string;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LF = 0x0a;
const CR = 0x0d;
const BOM = [0xef, 0xbb, 0xbf];

/**
 * Reads the events of a text/event-stream from the pieces in which it arrives.
 *
 * It works on bytes, so a piece may end anywhere: inside a character, or between the CR and the LF
 * of a line end. Every byte is looked at once, however small the pieces are. An event that is not
 * closed by an empty line is never returned.
 */
export class EventReader {
  private readonly maxEventBytes: number;
  /** Pieces of a line whose end has not arrived. */
  private linePieces: Uint8Array[] = [];
  private eventName = "";
  private dataLines: string[] = [];
  /** Bytes of the current event, with its unfinished line. */
  private bytes = 0;
  /** The last byte was a CR, so a LF that follows belongs to it. */
  private isAfterCr = false;
  private isFirstLine = true;

  constructor(maxEventBytes: number) {
    this.maxEventBytes = maxEventBytes;
  }

  /** Returns the events that are complete. Throws upstream_invalid_response for a broken stream. */
  push(chunk: Uint8Array): ServerEvent[] {
    const events: ServerEvent[] = [];
    let from = this.isAfterCr && chunk[0] === LF ? 1 : 0;
    if (chunk.length > 0) this.isAfterCr = false;
    let nextCr = indexOf(chunk, CR, from);
    for (;;) {
      if (nextCr < from) nextCr = indexOf(chunk, CR, from);
      const nextLf = indexOf(chunk, LF, from);
      const end = Math.min(nextLf, nextCr);
      if (end === Number.POSITIVE_INFINITY) break;
      this.add(chunk.subarray(from, end));
      this.endLine(events);
      from = end + 1;
      if (end !== nextCr) continue;
      if (from === chunk.length) this.isAfterCr = true;
      else if (chunk[from] === LF) from += 1;
    }
    this.add(chunk.subarray(from));
    return events;
  }

  private add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.bytes += piece.length;
    if (this.bytes > this.maxEventBytes) {
      throw invalid(`an event has more than ${this.maxEventBytes} bytes`);
    }
    this.linePieces.push(piece);
  }

  private endLine(events: ServerEvent[]): void {
    const line = this.takeLine();
    if (line === "") {
      const data = this.dataLines.join("\n");
      if (this.dataLines.length > 0) events.push({ event: this.eventName, data });
      this.eventName = "";
      this.dataLines = [];
      this.bytes = 0;
      return;
    }
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") this.dataLines.push(value);
    else if (name === "event") this.eventName = value;
    // a line that begins with a colon is a comment; those between events must not add up
    else if (name === "" && this.dataLines.length === 0 && this.eventName === "") this.bytes = 0;
  }

  private takeLine(): string {
    const [only, ...more] = this.linePieces;
    let bytes = more.length === 0 ? (only ?? new Uint8Array()) : Buffer.concat(this.linePieces);
    this.linePieces = [];
    if (this.isFirstLine && BOM.every((byte, at) => bytes[at] === byte)) bytes = bytes.subarray(3);
    this.isFirstLine = false;
    try {
      return UTF8.decode(bytes);
    } catch {
      throw invalid("its event stream is not UTF-8");
    }
  }
}

function indexOf(chunk: Uint8Array, byte: number, from: number): number {
  const at = chunk.indexOf(byte, from);
  return at === -1 ? Number.POSITIVE_INFINITY : at;
}

function invalid(why: string): VireoError {
  return new VireoError("upstream_invalid_response", `the provider's answer is invalid: ${why}`);
}
