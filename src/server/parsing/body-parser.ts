import { compiledModule } from "../../core/compiled-module.ts";
import type { QueuedTurn } from "../../core/fair-queue.ts";
import { LIMITS } from "../../core/limits.ts";
import { TurnAllowance } from "../../core/turn-allowance.ts";
import type { StoredTurn, StoredTurns } from "../../protocols/openai/response-memory.ts";
import { parseJson } from "../../protocols/shared/json.ts";
import { checkJsonSize } from "../../protocols/shared/json-size.ts";
import { WorkerLane } from "../../threads/worker-lane.ts";
import type { ParseCommand } from "./parse-worker.ts";
import { type ParseContext, type Parsed, type ParserName, parseAs } from "./parsers.ts";
import { offerTurns } from "./turns-port.ts";

/**
 * Parses and checks request bodies. A worker thread parses the bodies that exceed
 * LIMITS.parsing.inlineBytes, together in one turn of the event loop or with the stored responses
 * that they continue, because they would block the event loop. Media return without a copy.
 */
export class BodyParser {
  private readonly lane = new WorkerLane<ParseCommand, unknown>({
    module: compiledModule(import.meta.url, "server/parsing/parse-worker"),
    maxMemoryBytes: LIMITS.parsing.workerBytes,
    maxWaitingCost: LIMITS.parsing.waitingBytes,
    things: "request bodies",
    unit: "bytes",
  });

  private readonly inline = new TurnAllowance(LIMITS.parsing.inlineBytes);

  /**
   * body: must not be used afterwards, because it may move to the worker.
   *
   * Throws invalid_json, out_of_range for too many values, and the errors of the parser and of
   * `WorkerLane.run`.
   */
  async parse<N extends ParserName>(
    parser: N,
    body: Uint8Array,
    context: ParseContext,
    turn: QueuedTurn,
  ): Promise<Parsed<N>> {
    if (this.inline.take(body.length)) {
      checkJsonSize(body);
      const small = context.turns && onlySmall(context.turns);
      try {
        const own = { ...context, turns: small?.turns };
        const parsed = parseAs(parser, parseJson(body), own);
        if (small?.isExceeded !== true) return parsed;
      } catch (error) {
        if (small?.isExceeded !== true) throw error;
      }
    }
    return (await this.inWorker(parser, body, context, turn)) as Parsed<N>;
  }

  /** Resolves when the worker has ended. */
  async close(reason: Error): Promise<void> {
    await this.lane.close(reason);
  }

  private async inWorker(
    parser: ParserName,
    body: Uint8Array,
    { turns, ...context }: ParseContext,
    turn: QueuedTurn,
  ): Promise<unknown> {
    const offered = turns && offerTurns(turns);
    const { buffer, length: cost } = body;
    const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === cost;
    const transfer = [...(isOwn ? [buffer] : []), ...(offered ? [offered.asked.port] : [])];
    try {
      const command = { parser, body, context, turns: offered?.asked };
      return await this.lane.run(command, { ...turn, cost, transfer });
    } finally {
      offered?.close();
    }
  }
}

/** Looks up turns until their total size exceeds the inline bound. */
function onlySmall(turns: StoredTurns): { turns: StoredTurns; readonly isExceeded: boolean } {
  let bytes = 0;
  const count = ({ items, response }: StoredTurn): void => {
    for (const item of items) bytes += item.length;
    bytes += response?.length ?? 0;
  };
  const isExceeded = (): boolean => bytes > LIMITS.parsing.inlineBytes;
  return {
    get isExceeded() {
      return isExceeded();
    },
    turns: {
      history(responseId) {
        const found = turns.history(responseId);
        found?.forEach(count);
        return isExceeded() ? undefined : found;
      },
      turnOf(itemId) {
        const found = turns.turnOf(itemId);
        if (found !== undefined) count(found);
        return isExceeded() ? undefined : found;
      },
    },
  };
}
