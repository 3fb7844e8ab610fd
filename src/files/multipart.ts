import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

/** The start of a part, or a chunk of the current part's content. */
export type MultipartEvent =
  | {
      readonly type: "part";
      /** Name of the form field. */
      readonly name: string;
      /** The sent file name; undefined for fields that are not files. */
      readonly filename: string | undefined;
      /** The sent media type, or "". */
      readonly contentType: string;
    }
  | { readonly type: "data"; readonly bytes: Uint8Array };

const CRLF = "\r\n";

/**
 * Reads the boundary of a Content-Type.
 *
 * Throws unsupported_media_type for another type, and invalid_multipart for a boundary that is
 * missing or invalid by RFC 2046.
 */
export function boundaryOf(contentType: string): string {
  if (!/^multipart\/form-data\s*(;|$)/i.test(contentType)) {
    const message = "the Content-Type must be multipart/form-data";
    throw new VireoError("unsupported_media_type", message);
  }
  const found = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined || !/^[\w'()+,./:=? -]*[\w'()+,./:=?-]$/.test(boundary)) {
    throw invalid("the Content-Type has no boundary of 1 to 70 characters");
  }
  return boundary;
}

/**
 * Reads multipart/form-data (RFC 7578) as a stream, with at most one chunk in memory. Names,
 * headers and the number of parts are bounded; the caller bounds the contents.
 *
 * Throws invalid_multipart, and what the body throws.
 */
export async function* readMultipart(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
): AsyncGenerator<MultipartEvent> {
  const delimiter = Buffer.from(`${CRLF}--${boundary}`, "latin1");
  const text = new Incoming(body);
  // The first delimiter may be at the start of the body, without a line break before it.
  text.held = Buffer.from(CRLF);
  try {
    await skipPreamble(text, delimiter);
    for (let parts = 0; await hasNext(text); parts++) {
      if (parts === LIMITS.multipart.parts) throw invalid(`it has more than ${parts} parts`);
      yield readHead(await text.takeUntil(Buffer.from(CRLF + CRLF), LIMITS.multipart.headerBytes));
      yield* readContent(text, delimiter);
    }
  } finally {
    await text.close();
  }
}

async function* readContent(text: Incoming, delimiter: Buffer): AsyncGenerator<MultipartEvent> {
  for (;;) {
    const at = text.held.indexOf(delimiter);
    const end = at >= 0 ? at : text.held.length - delimiter.length + 1;
    const bytes = text.take(Math.max(0, end));
    if (bytes.length > 0) yield { type: "data", bytes };
    if (at >= 0) break;
    await text.more();
  }
  text.take(delimiter.length);
}

/** Buffers received bytes that have not been read yet. */
class Incoming {
  held: Buffer = Buffer.alloc(0);
  private readonly source: AsyncIterator<Uint8Array>;

  constructor(body: AsyncIterable<Uint8Array>) {
    this.source = body[Symbol.asyncIterator]();
  }

  /** Waits for the next chunk. Throws invalid_multipart at the end of the body. */
  async more(): Promise<void> {
    const { done, value } = await this.source.next();
    if (done === true) throw invalid("it is truncated: its last boundary is missing");
    this.held = this.held.length === 0 ? Buffer.from(value) : Buffer.concat([this.held, value]);
  }

  /** Stops reading, so that the sender stops and nothing accumulates. */
  async close(): Promise<void> {
    await this.source.return?.();
  }

  take(count: number): Buffer {
    const taken = this.held.subarray(0, count);
    this.held = this.held.subarray(count);
    return taken;
  }

  /** Takes the bytes before `end`, and skips `end`. */
  async takeUntil(end: Buffer, maxBytes: number): Promise<Buffer> {
    for (;;) {
      const at = this.held.indexOf(end);
      if ((at < 0 ? this.held.length : at) > maxBytes) {
        throw invalid(`a part's headers are larger than ${maxBytes} bytes`);
      }
      if (at >= 0) {
        const taken = this.take(at);
        this.take(end.length);
        return taken;
      }
      await this.more();
    }
  }
}

async function skipPreamble(text: Incoming, delimiter: Buffer): Promise<void> {
  let skipped = 0;
  for (;;) {
    const at = text.held.indexOf(delimiter);
    const end = at >= 0 ? at : text.held.length - delimiter.length + 1;
    skipped += text.take(Math.max(0, end)).length;
    if (skipped > LIMITS.multipart.headerBytes)
      throw invalid("it does not begin with its boundary");
    if (at >= 0) break;
    await text.more();
  }
  text.take(delimiter.length);
}

/** Whether a part follows a boundary. The line break stays, because a part may have no headers. */
async function hasNext(text: Incoming): Promise<boolean> {
  while (text.held.length < 2) await text.more();
  const mark = text.held.toString("latin1", 0, 2);
  if (mark === "--") return false;
  if (mark !== CRLF) throw invalid("a boundary is followed by neither a line break nor two dashes");
  return true;
}

function readHead(block: Buffer): MultipartEvent {
  const lines = block.toString("utf8").split(CRLF).slice(1);
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const disposition = headers.get("content-disposition") ?? "";
  const named = parametersOf(disposition);
  const name = named.get("name");
  if (!/^form-data\s*(;|$)/i.test(disposition) || name === undefined || name.length > 256) {
    throw invalid("a part has no Content-Disposition: form-data with a name");
  }
  const encoding = headers.get("content-transfer-encoding") ?? "binary";
  if (!/^(binary|7bit|8bit)$/i.test(encoding)) {
    throw invalid(`the part ${JSON.stringify(name)} is encoded; send its bytes as they are`);
  }
  const filename = named.get("filename");
  const contentType = (headers.get("content-type") ?? "").slice(0, 100);
  return { type: "part", name, filename, contentType };
}

/** Browsers write a quotation mark in a name as %22, other clients as \". */
function parametersOf(disposition: string): Map<string, string> {
  const found = disposition.matchAll(/;\s*([\w-]+)=(?:"((?:\\"|[^"])*)"|([^\s;"]*))/g);
  return new Map(
    [...found].map(([, name = "", quoted, plain]) => {
      const value = quoted?.replaceAll('\\"', '"').replaceAll("%22", '"') ?? plain ?? "";
      return [name.toLowerCase(), value];
    }),
  );
}

function invalid(why: string): VireoError {
  return new VireoError("invalid_multipart", `the body is not a multipart form: ${why}`);
}
