import type { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { EventReader, type ServerEvent } from "../event-reader.ts";
import { type ProviderAnswer, readAll } from "./connection.ts";
import { invalidAnswer } from "./failures.ts";

/** The chunks of an answer, one after the other. */
export interface AnswerChunks {
  /**
   * The next chunk, as parsed JSON. Undefined: the answer has ended.
   *
   * isFinished: the finish reason was there, so that only token counts may follow; then neither
   * silence nor a broken connection is an error. Throws a failure for an answer of another form.
   */
  next(isFinished: boolean): Promise<unknown>;
  /** Reads what is left after the end, so that the connection can be used again. Never throws. */
  drain(): Promise<void>;
}

/** Bytes after the end of an answer that are still read. */
const MAX_REST_BYTES = 65_536;

interface ChunkOptions {
  readonly provider: string;
  readonly signal: AbortSignal;
}

/** Reads an event stream, or an answer in one piece, by its media type. */
export function readChunks(answer: ProviderAnswer, options: ChunkOptions): AnswerChunks {
  const { type } = answer;
  if (type === "text/event-stream") return new StreamChunks(answer, options);
  if (type === "application/json" || type.endsWith("+json"))
    return new WholeAnswer(answer, options);
  const what = type === "" ? "no media type" : `the media type ${type.slice(0, 64)}`;
  throw invalidAnswer(options.provider, `answered with ${what}, not with an answer`);
}

class StreamChunks implements AnswerChunks {
  private readonly answer: ProviderAnswer;
  private readonly provider: string;
  private readonly signal: AbortSignal;
  private readonly pieces: AsyncIterator<Buffer>;
  private readonly events = new EventReader(LIMITS.upstream.eventBytes);
  private readonly waiting: ServerEvent[] = [];
  private bytes = 0;

  constructor(answer: ProviderAnswer, { provider, signal }: ChunkOptions) {
    this.answer = answer;
    this.provider = provider;
    this.signal = signal;
    this.pieces = (answer.body as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  async next(isFinished: boolean): Promise<unknown> {
    let event = this.waiting.shift();
    while (event === undefined) {
      const piece = await (isFinished ? this.lastPiece() : this.pieces.next());
      if (piece === undefined || piece.done === true) return undefined;
      this.bytes += piece.value.length;
      if (this.bytes > LIMITS.upstream.answerBytes) throw withoutEnd(this.provider);
      this.waiting.push(...this.events.push(piece.value));
      event = this.waiting.shift();
    }
    if (event.data.startsWith("[DONE]")) return undefined;
    const value = parse(event.data);
    if (value === undefined) throw invalidAnswer(this.provider, "sent an event that is no JSON");
    // some servers name the event of an error, and send the error itself as its data
    return event.event === "error" && !hasError(value) ? { error: value } : value;
  }

  async drain(): Promise<void> {
    const timer = setTimeout(() => this.answer.body.destroy(), LIMITS.upstream.tailMs);
    try {
      for (let rest = 0; rest <= MAX_REST_BYTES; ) {
        const piece = await this.pieces.next();
        if (piece.done === true) return;
        rest += piece.value.length;
      }
    } catch {
      // the answer was complete
    } finally {
      clearTimeout(timer);
      this.answer.body.destroy();
    }
  }

  /** Undefined if nothing comes for a while or the connection breaks. */
  private async lastPiece(): Promise<IteratorResult<Buffer> | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, LIMITS.upstream.tailMs, undefined);
    });
    try {
      return await Promise.race([this.pieces.next(), late]);
    } catch {
      this.signal.throwIfAborted();
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}

class WholeAnswer implements AnswerChunks {
  private readonly answer: ProviderAnswer;
  private readonly provider: string;
  private isRead = false;

  constructor(answer: ProviderAnswer, { provider }: ChunkOptions) {
    this.answer = answer;
    this.provider = provider;
  }

  async next(): Promise<unknown> {
    if (this.isRead) return undefined;
    this.isRead = true;
    const bytes = await readAll(this.answer, LIMITS.upstream.answerBytes);
    if (bytes === undefined) throw withoutEnd(this.provider);
    const value = parse(bytes.toString());
    if (value === undefined) throw invalidAnswer(this.provider, "sent an answer that is no JSON");
    return value;
  }

  /** The body has been read to its end. */
  async drain(): Promise<void> {}
}

function withoutEnd(provider: string): VireoError {
  return invalidAnswer(provider, "sent an answer without end", "cut");
}

/** Undefined for text that is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function hasError(value: unknown): boolean {
  return typeof value === "object" && value !== null && "error" in value;
}
