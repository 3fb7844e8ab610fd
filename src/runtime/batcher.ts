import { type Backend, PAGE_ROWS, type SampleRow } from "../backends/backend.ts";
import { VireoError } from "../core/errors.ts";
import type { PredictedTime } from "../core/estimate.ts";
import type { Log } from "../core/log.ts";
import { EncodeQueue } from "../inputs/media/encode-queue.ts";
import type { MediaEmbedding } from "../inputs/media/media-embedding.ts";
import { TILES_AT_ONCE, TileEncoder } from "../inputs/media/tile-encoder.ts";
import type { Model } from "../model/load.ts";
import { copySlots, type ModelState } from "../model/state.ts";
import { runSpans, type SpanInput } from "./forward.ts";
import { NumberPool } from "./pool.ts";
import { PrefixCache, type PrefixCacheStats } from "./prefix-cache.ts";
import { nextInTurn, type Share, shareStep } from "./scheduler.ts";
import type { Sequence } from "./sequence.ts";
import { StepBudget } from "./step-budget.ts";

export interface BatcherOptions {
  readonly backend: Backend;
  readonly model: Model;
  readonly state: ModelState;
  /** Of the state's slots, those that sequences use; the others keep cached prefixes. */
  readonly slots: number;
  readonly snapshots: number;
  readonly pages: number;
  /** Rows of one step: decode rows and prompt chunks together. */
  readonly maxRows: number;
  readonly log: Log;
  readonly now: () => number;
}

export interface BatcherStats {
  readonly running: number;
  readonly waiting: number;
  readonly slotsFree: number;
  readonly pagesFree: number;
  /** How long a request that comes now would wait for its place, as far as one can tell. */
  readonly waitMs: number;
  readonly steps: number;
  readonly tilesEncoded: number;
  /** Sequences that gave up their state for older ones. */
  readonly preemptions: number;
  readonly prefixes: PrefixCacheStats;
}

/** Turns in a row in which nothing is encoded and no token computed: something is wrong then. */
const MAX_IDLE_TURNS = 1000;

/** [slot, slot to copy it to] */
type SlotCopy = readonly [from: number, to: number];

/**
 * Runs many sequences over one model, step by step, at its own pace.
 *
 * A sequence waits until a slot is free; it takes KV pages as it grows. When pages run out, the
 * youngest gives up its state and is computed again later: no token is lost, and, since results do
 * not depend on how a prompt is cut, none changes.
 */
export class Batcher {
  private readonly options: BatcherOptions;
  private readonly slots: NumberPool;
  private readonly pages: NumberPool;
  private readonly prefixes: PrefixCache;
  private readonly pace = new StepBudget();
  private readonly tiles: TileEncoder;
  private readonly looks = new EncodeQueue();
  private running: Sequence[] = [];
  private readonly waiting: Sequence[] = [];
  private steps = 0;
  private preemptions = 0;
  private idleTurns = 0;
  private encodedLast: Sequence | undefined;
  /** What a request takes from its admission to its end: a mean that follows the newest. */
  private serviceMs = 1000;
  private loop: Promise<void> | undefined;
  private closed = false;

  constructor(options: BatcherOptions) {
    this.options = options;
    this.slots = new NumberPool(options.slots);
    this.pages = new NumberPool(options.pages);
    const behind = Array.from({ length: options.snapshots }, (_, index) => options.slots + index);
    this.prefixes = new PrefixCache(behind, this.pages);
    this.tiles = new TileEncoder(options.backend, options.model);
  }

  get stats(): BatcherStats {
    return {
      running: this.running.length,
      waiting: this.waiting.length,
      slotsFree: this.slots.free,
      pagesFree: this.pages.free,
      waitMs: this.waitMs,
      steps: this.steps,
      tilesEncoded: this.tiles.tilesDone,
      preemptions: this.preemptions,
      prefixes: this.prefixes.stats,
    };
  }

  /** Of a prompt of so many rows that shows so many tiles. */
  predict(tiles: number, promptRows: number): PredictedTime | undefined {
    return this.pace.predict(tiles, this.tiles.blocks, promptRows);
  }

  add(sequence: Sequence): void {
    this.waiting.push(sequence);
    this.wake();
  }

  /** Encodes a visual behind those that sequences wait for. Throws what EncodeQueue.add throws. */
  async encode(visual: MediaEmbedding, signal: AbortSignal): Promise<void> {
    const done = this.looks.add(visual, signal);
    this.wake();
    await done;
  }

  /** Goes on with a visual to which a tile was added, until `endDraft`. */
  encodeDraft(draft: MediaEmbedding): void {
    this.looks.addGrowing(draft);
    this.wake();
  }

  /** All of its tiles are there, or nobody wants it any more. */
  endDraft(draft: MediaEmbedding): void {
    this.looks.endGrowing(draft);
  }

  /** Places come free at the pace of the requests that ended lately. */
  private get waitMs(): number {
    if (this.slots.free > this.waiting.length) return 0;
    return ((this.waiting.length + 1) * this.serviceMs) / this.options.slots;
  }

  private wake(): void {
    this.loop ??= this.run().finally(() => {
      this.loop = undefined;
      // came after the last check, before this
      if (this.waiting.length > 0 || this.looks.busy) this.wake();
    });
  }

  /** Refuses what runs and waits, then stops after the step under way. */
  async close(): Promise<void> {
    this.closed = true;
    await this.loop;
  }

  private async run(): Promise<void> {
    while (this.running.length + this.waiting.length > 0 || this.looks.busy) {
      if (this.closed) {
        this.failAll(new VireoError("engine_closed", "the engine is closing down"));
        return;
      }
      this.dropAborted();
      try {
        await this.copy(this.admit());
        const spentMs = await this.encodeSlice();
        for (const sequence of this.running) sequence.finalizeVideoSpans();
        const ran = await this.runOneStep(spentMs);
        await this.copy(this.keepPrefixes(ran));
        this.idleTurns = ran.length > 0 || spentMs > 0 ? 0 : this.idleTurns + 1;
        if (this.idleTurns > MAX_IDLE_TURNS) throw new Error("nothing that runs can go on");
      } catch (error) {
        this.prefixes.clear(); // a copy may be half done
        this.options.log("error", "step_failed", { message: (error as Error).message });
        const text = "the engine could not compute this step";
        this.failAll(new VireoError("internal_error", text, { cause: error }));
      }
    }
  }

  private dropAborted(): void {
    this.looks.releaseFinished();
    for (const sequence of [...this.running, ...this.waiting]) {
      const { signal, events } = sequence.input;
      if (!signal?.aborted && !events.unheard) continue;
      events.fail(signal?.reason); // nothing happens to one that nobody hears
      this.remove(sequence);
    }
  }

  /** Lets in whoever there is room for; returns what their first steps need to be copied. */
  private admit(): SlotCopy[] {
    const copies: SlotCopy[] = [];
    while (this.waiting.length > 0 && this.slots.free > 0 && this.hasPage()) {
      const tenants = (list: readonly Sequence[]) => list.map(({ input }) => input.tenant);
      const next = nextInTurn(tenants(this.waiting), tenants(this.running));
      const sequence = this.waiting.splice(next, 1)[0]!;
      const slot = this.slots.acquire()!;
      const prefix = this.prefixes.adopt(sequence.input.prefixKeys, sequence.promptTokens);
      sequence.slot = slot;
      sequence.attachPrefix(prefix);
      if (prefix) copies.push([prefix.slot, slot]);
      sequence.admitted();
      this.running.push(sequence);
    }
    return copies;
  }

  /** Cached prefixes give way to whoever wants a page. */
  private hasPage(): boolean {
    while (this.pages.free === 0) if (!this.prefixes.evict()) return false;
    return true;
  }

  /** Makes entries for sequences whose state is worth keeping now; returns what to copy. */
  private keepPrefixes(ran: readonly Sequence[]): SlotCopy[] {
    return ran.flatMap((sequence): SlotCopy[] => {
      const { keyToKeep, slot, position, pages } = sequence;
      if (keyToKeep === undefined || slot === undefined) return [];
      const kept = this.prefixes.remember(keyToKeep, position, pages);
      return kept === undefined ? [] : [[slot, kept]];
    });
  }

  private async copy(copies: readonly SlotCopy[]): Promise<void> {
    if (copies.length === 0) return;
    const { backend, state } = this.options;
    const step = backend.begin();
    copySlots(step, state, copies);
    await step.read();
  }

  /** Whose tile is encoded now: the one under way, or else the next sequence's in turn. */
  private nextToEncode(): Sequence | undefined {
    const { underWay } = this.tiles;
    const wanting = this.running.filter(({ visualToEncode }) => visualToEncode !== undefined);
    const after = this.encodedLast ? this.running.indexOf(this.encodedLast) : -1;
    return (
      wanting.find(({ visualToEncode }) => visualToEncode === underWay) ??
      wanting.find((one) => this.running.indexOf(one) > after) ??
      wanting[0]
    );
  }

  /**
   * A slice of a tile or frame that a running sequence waits for, or else of what is to be encoded
   * ahead. Returns what it took.
   */
  private async encodeSlice(): Promise<number> {
    const { now } = this.options;
    const sequence = this.nextToEncode();
    this.encodedLast = sequence;
    const visual = sequence?.visualToEncode ?? this.looks.first;
    if (!visual) return 0;
    const streams = this.running.filter(({ tokensPending }) => tokensPending === 1).length;
    const blocks = this.pace.blocks(streams, this.tiles.blocks);
    const start = now();
    const most = streams === 0 ? TILES_AT_ONCE : 1;
    const ran = await this.tiles.advance(visual, most * blocks, most);
    const ms = now() - start;
    if (ran > 0) this.pace.observeBlocks(ran, ms);
    sequence?.spentOnEncoding(ms);
    return ms;
  }

  /** Returns the sequences that had a part in it. */
  private async runOneStep(spentMs: number): Promise<readonly Sequence[]> {
    const { backend, model, state, maxRows, now } = this.options;
    const promptRows = (streams: number): number => {
      return this.pace.promptRows(streams, maxRows, spentMs);
    };
    const wanted = shareStep(this.running, maxRows, promptRows, this.steps);
    const shares = this.reservePages(wanted);
    if (shares.length === 0) return [];
    const spans: SpanInput[] = [];
    const drawing: { readonly sequence: Sequence; readonly row: number }[] = [];
    let row = 0;
    for (const { sequence, tokens } of shares) {
      spans.push(sequence.span(tokens));
      row += tokens;
      if (tokens === sequence.tokensPending) drawing.push({ sequence, row: row - 1 });
    }
    const logitRows = Int32Array.from(drawing, (one) => one.row);
    const samples = drawing.map((one) => sampleRow(one.sequence));
    const started = now();
    const drawn = await runSpans(backend, model, state, spans, logitRows, samples);
    const streams = shares.filter(({ sequence }) => sequence.tokensPending === 1).length;
    this.pace.observeStep(streams, row - streams, now() - started);
    this.steps += 1;
    for (const { sequence, tokens } of shares) sequence.position += tokens;
    const columns = drawn.length / Math.max(1, drawing.length);
    drawing.forEach(({ sequence }, index) => {
      this.take(sequence, drawn.subarray(index * columns, (index + 1) * columns));
    });
    return shares.map(({ sequence }) => sequence);
  }

  /** Gives every share the pages it needs, taking them from the youngest if there are too few. */
  private reservePages(shares: readonly Share[]): { sequence: Sequence; tokens: number }[] {
    const chosen = shares.map(({ index, tokens }) => ({ sequence: this.running[index]!, tokens }));
    const kept = new Set(chosen);
    for (const share of chosen) {
      const { sequence, tokens } = share;
      while (kept.has(share) && !this.grow(sequence, sequence.position + tokens)) {
        const youngest = this.running.at(-1)!;
        this.preempt(youngest);
        for (const other of kept) if (other.sequence === youngest) kept.delete(other);
      }
    }
    return chosen.filter((share) => kept.has(share));
  }

  private grow(sequence: Sequence, tokens: number): boolean {
    const needed = Math.ceil(tokens / PAGE_ROWS);
    while (sequence.pages.length < needed) {
      if (!this.hasPage()) return false;
      sequence.pages.push(this.pages.acquire()!);
    }
    return true;
  }

  private preempt(sequence: Sequence): void {
    this.options.log("warn", "preempted", { tokens: sequence.position });
    this.preemptions += 1;
    this.release(sequence);
    sequence.position = 0;
    this.running = this.running.filter((one) => one !== sequence);
    this.waiting.unshift(sequence);
  }

  private take(sequence: Sequence, sampled: Float32Array): void {
    const { answer, signal, events } = sequence.input;
    if (signal?.aborted || events.unheard) return;
    const token = sampled[0] ?? -1;
    if (token < 0) {
      const text = "the model's output is not a number; its weights may be damaged";
      events.fail(new VireoError("internal_error", text));
      this.remove(sequence);
      return;
    }
    try {
      sequence.accept(token, sampled);
      while (answer.finish === undefined && answer.forced.length > 0) {
        sequence.accept(answer.forced.shift()!, new Float32Array(0));
      }
    } catch (error) {
      events.fail(error); // a grammar that turned out too ambiguous
      this.remove(sequence);
      return;
    }
    if (answer.finish === undefined) return;
    const { prefillMs, decodeMs } = sequence.finish();
    this.serviceMs += 0.1 * (prefillMs + decodeMs - this.serviceMs);
    this.remove(sequence);
  }

  private remove(sequence: Sequence): void {
    sequence.settle();
    this.release(sequence);
    this.running = this.running.filter((one) => one !== sequence);
    const at = this.waiting.indexOf(sequence);
    if (at >= 0) this.waiting.splice(at, 1);
  }

  private release(sequence: Sequence): void {
    if (sequence.slot !== undefined) this.slots.release(sequence.slot);
    sequence.slot = undefined;
    for (const page of sequence.pages.splice(0)) this.pages.release(page);
  }

  private failAll(error: VireoError): void {
    this.looks.fail(error);
    for (const sequence of [...this.running, ...this.waiting]) {
      sequence.input.events.fail(error);
      this.remove(sequence);
    }
  }
}

function sampleRow(sequence: Sequence): SampleRow {
  const { sampler, answer } = sequence.input;
  return sampler.row(answer.tokens, answer.forbidden, answer.allowed);
}
