import { compiledModule } from "../core/compiled-module.ts";
import type { QueuedTurn } from "../core/fair-queue.ts";
import { LIMITS } from "../core/limits.ts";
import { TurnAllowance } from "../core/turn-allowance.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { WorkerLane } from "../threads/worker-lane.ts";
import type { EncodeCommand, EncodedTexts, EncodeValue } from "./encode-worker.ts";

export interface EncodeOptions extends QueuedTurn {
  /** True: added tokens in the text become their ids. Default: they are ordinary text. */
  readonly added?: boolean;
  /** Encoding may stop once there are more ids than this. */
  readonly maxIds?: number;
}

/**
 * Encodes and decodes texts of any length without blocking the event loop: what exceeds the inline
 * bound of one turn of the loop is done by a worker thread, with the same tokenizer.
 */
export class LongTexts {
  private readonly tokenizer: Tokenizer;
  private readonly lane: WorkerLane<EncodeCommand, EncodeValue>;
  private readonly inline = new TurnAllowance(LIMITS.tokenizer.inlineCharacters);

  /** dir: the checkpoint's folder, from which the worker opens the same tokenizer. */
  constructor(tokenizer: Tokenizer, dir: string) {
    this.tokenizer = tokenizer;
    this.lane = new WorkerLane({
      module: compiledModule(import.meta.url, "inputs/encode-worker"),
      data: { dir },
      maxMemoryBytes: LIMITS.tokenizer.workerBytes,
      maxWaitingCost: LIMITS.tokenizer.waitingCharacters,
      things: "long texts",
      unit: "characters",
    });
  }

  /** Throws what `WorkerLane.run` throws. */
  async encode(text: string, options: EncodeOptions): Promise<number[]> {
    const { added = false, maxIds = Number.POSITIVE_INFINITY, ...turn } = options;
    if (this.inline.take(text.length)) {
      const { tokenizer } = this;
      return added ? tokenizer.encodeWithAdded(text, maxIds) : tokenizer.encodeText(text, maxIds);
    }
    return Array.from((await this.run([text], added, maxIds, turn)).ids);
  }

  /**
   * Returns a function that encodes any of `texts`, which a long conversation has encoded already.
   * Texts after the first `maxIds` ids may be left out. Throws what `WorkerLane.run` throws.
   */
  async prepare(
    texts: readonly string[],
    { maxIds = Number.POSITIVE_INFINITY, ...turn }: EncodeOptions,
  ): Promise<Pick<Tokenizer, "encodeText">> {
    const characters = texts.reduce((sum, { length }) => sum + length, 0);
    if (this.inline.take(characters)) return this.tokenizer;
    const { ids, counts } = await this.run(texts, false, maxIds, turn);
    const known = new Map<string, number[]>();
    let at = 0;
    counts.forEach((count, index) => {
      known.set(texts[index]!, Array.from(ids.subarray(at, at + count)));
      at += count;
    });
    const { tokenizer } = this;
    return {
      encodeText: (text, max) => known.get(text) ?? tokenizer.encodeText(text, max),
    };
  }

  /** Text of the ids, control tokens included. Throws what `WorkerLane.run` throws. */
  async decode(ids: readonly number[], turn: QueuedTurn): Promise<string> {
    if (this.inline.take(ids.length)) return this.tokenizer.decode(ids, { skipSpecial: false });
    const command = { ids: Int32Array.from(ids) };
    const transfer = [command.ids.buffer];
    return (await this.lane.run(command, { ...turn, cost: ids.length, transfer })) as string;
  }

  /** Fails all work with `reason`; resolves when the worker has ended. */
  async close(reason: Error): Promise<void> {
    await this.lane.close(reason);
  }

  private async run(
    texts: readonly string[],
    added: boolean,
    maxIds: number,
    turn: QueuedTurn,
  ): Promise<EncodedTexts> {
    const cost = texts.reduce((sum, { length }) => sum + length, 1);
    const command = { texts, added, maxIds };
    return (await this.lane.run(command, { ...turn, cost })) as EncodedTexts;
  }
}
