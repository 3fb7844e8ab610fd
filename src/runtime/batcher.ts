import { type Backend, PAGE_ROWS, type SampleRow } from "../backends/backend.ts";
import { VireoError } from "../core/errors.ts";
import type { PredictedTime } from "../core/estimate.ts";
import type { Log } from "../core/log.ts";
import { TurnOrder } from "../core/turn-order.ts";
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
import { pagesFrom, SlotReserve } from "./slot-reserve.ts";
import { StepBudget } from "./step-budget.ts";

export interface BatcherOptions {
  readonly backend: Backend;
  readonly model: Model;
  readonly state: ModelState;
  /** Slots of the state for sequences; the `snapshots` slots after them hold cached prefixes. */
  readonly slots: number;
  readonly snapshots: number;
  readonly pages: number;
  /** Maximum number of rows per step: decode rows and prompt chunks together. */
  readonly maxRows: number;
  /** Media to encode ahead of sequences. Default: none. */
  readonly encodeQueue?: EncodeQueue;
  readonly log: Log;
  readonly now: () => number;
}

export interface BatcherStats {
  readonly running: number;
  readonly waiting: number;
  readonly slotsFree: number;
  readonly pagesFree: number;
  /** Estimate of how long a new request would wait for a slot. */
  readonly waitMs: number;
  readonly steps: number;
  readonly tilesEncoded: number;
  /** Number of times a sequence lost its pages to an older one. */
  readonly preemptions: number;
  readonly prefixes: PrefixCacheStats;
}

/** Consecutive turns without an encoded tile or a computed token, after which the loop fails. */
const MAX_IDLE_TURNS = 1000;

/** An embedding that may be encoded next, and the sequence that waits for it, if one does. */
interface EncodeTurn {
  readonly tenant: string;
  readonly item: MediaEmbedding;
  readonly sequence?: Sequence;
}

/** [slot, slot to copy it to] */
type SlotCopy = readonly [from: number, to: number];

/**
 * Runs many sequences over one model, step by step (continuous batching).
 *
 * A sequence waits until a slot is free and takes KV pages as it grows. When pages run out, or when
 * a tenant has no slot, a sequence of the tenant with the most is preempted: it releases its state
 * and is recomputed later. Its tokens do not change, because results do not depend on how a prompt
 * is cut into chunks.
 *
 * Tenants take turns at admission, prefill and encoding: one that comes new is next.
 */
export class Batcher {
  private readonly options: BatcherOptions;
  private readonly slots: NumberPool;
  private readonly pages: NumberPool;
  private readonly prefixes: PrefixCache;
  private readonly budget = new StepBudget();
  private readonly tiles: TileEncoder;
  private readonly encodeQueue: EncodeQueue;
  private running: Sequence[] = [];
  private readonly waiting: Sequence[] = [];
  private steps = 0;
  private preemptions = 0;
  private idleTurns = 0;
  private readonly admissions = new TurnOrder<Sequence>();
  private readonly prefills = new TurnOrder<Sequence>();
  private readonly encodings = new TurnOrder<MediaEmbedding>();
  private readonly reserve = new SlotReserve();
  /** Moving average of the time from a request's admission to its end. */
  private serviceMs = 1000;
  private loop: Promise<void> | undefined;
  private closed = false;

  constructor(options: BatcherOptions) {
    this.options = options;
    this.slots = new NumberPool(options.slots);
    this.pages = new NumberPool(options.pages);
    const { slots, snapshots } = options;
    const snapshotSlots = Array.from({ length: snapshots }, (_, index) => slots + index);
    this.prefixes = new PrefixCache(snapshotSlots, this.pages);
    this.tiles = new TileEncoder(options.backend, options.model);
    this.encodeQueue = options.encodeQueue ?? new EncodeQueue();
    this.encodeQueue.onWork = () => this.wake();
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

  /** Predicts the time for a prompt with that many tiles and rows; undefined before any ran. */
  predict(tiles: number, promptRows: number): PredictedTime | undefined {
    return this.budget.predict(tiles, this.tiles.blocksPerTile, promptRows);
  }

  add(sequence: Sequence): void {
    this.waiting.push(sequence);
    this.wake();
  }

  /** Assumes that slots become free at the rate of recent requests. */
  private get waitMs(): number {
    if (this.slots.free > this.waiting.length) return 0;
    return ((this.waiting.length + 1) * this.serviceMs) / this.options.slots;
  }

  private wake(): void {
    this.loop ??= this.run().finally(() => {
      this.loop = undefined;
      // Work may have arrived after the last check.
      if (this.waiting.length > 0 || this.encodeQueue.busy) this.wake();
    });
  }

  /** Fails all sequences and jobs, then stops after the current step. */
  async close(): Promise<void> {
    this.closed = true;
    await this.loop;
  }

  private async run(): Promise<void> {
    while (this.running.length + this.waiting.length > 0 || this.encodeQueue.busy) {
      if (this.closed) {
        this.failAll(new VireoError("engine_closed", "the engine is closing"));
        return;
      }
      this.dropAborted();
      try {
        await this.copy(this.admit());
        const spentMs = await this.encodeSlice();
        for (const sequence of this.running) sequence.finalizeVideoSpans();
        const ran = await this.runOneStep(spentMs);
        await this.copy(this.cachePrefixes(ran));
        this.idleTurns = ran.length > 0 || spentMs > 0 ? 0 : this.idleTurns + 1;
        if (this.idleTurns > MAX_IDLE_TURNS) throw new Error("no running sequence can continue");
      } catch (error) {
        this.prefixes.clear(); // a copy may be incomplete
        this.options.log("error", "step_failed", { message: (error as Error).message });
        const text = "the engine failed to compute this step";
        this.failAll(new VireoError("internal_error", text, { cause: error }));
      }
    }
  }

  private dropAborted(): void {
    this.encodeQueue.settle();
    for (const sequence of [...this.running, ...this.waiting]) {
      const { signal, events } = sequence.input;
      if (!signal?.aborted && !events.abandoned) continue;
      events.fail(signal?.reason); // no effect on an abandoned queue
      this.remove(sequence);
    }
  }

  /** Admits waiting sequences while there is room. Returns the cached states to copy for them. */
  private admit(): SlotCopy[] {
    const copies: SlotCopy[] = [];
    const nowMs = this.options.now();
    const hasRoom = this.slots.free > 0 && this.hasPage();
    const victim = this.reserve.choose(this.waiting, this.running, hasRoom, nowMs);
    if (victim) this.preempt(victim);
    while (this.waiting.length > 0 && this.slots.free > 0 && this.hasPage()) {
      const next = nextInTurn(this.waiting, this.running, this.admissions);
      const { slots } = this;
      if (this.reserve.keeps(this.waiting[next]!, this.running, slots.free, nowMs)) break;
      const sequence = this.waiting.splice(next, 1)[0]!;
      this.admissions.record(turnOf(sequence));
      const slot = slots.acquire()!;
      const prefix = this.prefixes.acquire(sequence.input.prefixKeys, sequence.promptTokens);
      sequence.slot = slot;
      sequence.attachPrefix(prefix);
      if (prefix) copies.push([prefix.slot, slot]);
      sequence.markAdmitted();
      this.running.push(sequence);
    }
    return copies;
  }

  /** Evicts cached prefixes until a page is free; false if there is none. */
  private hasPage(): boolean {
    while (this.pages.free === 0) if (!this.prefixes.evict()) return false;
    return true;
  }

  /** Adds cache entries for sequences at a reuse point. Returns the states to copy. */
  private cachePrefixes(ran: readonly Sequence[]): SlotCopy[] {
    return ran.flatMap((sequence): SlotCopy[] => {
      const { snapshotKey, slot, position, pages } = sequence;
      if (snapshotKey === undefined || slot === undefined) return [];
      const snapshot = this.prefixes.add(snapshotKey, position, pages);
      return snapshot === undefined ? [] : [[slot, snapshot]];
    });
  }

  private async copy(copies: readonly SlotCopy[]): Promise<void> {
    if (copies.length === 0) return;
    const { backend, state } = this.options;
    const step = backend.begin();
    copySlots(step, state, copies);
    await step.read();
  }

  /** The tiles in progress, else the next in turn. */
  private nextToEncode(): EncodeTurn | undefined {
    const waited = this.running.flatMap((sequence): EncodeTurn[] => {
      const { embeddingToEncode: item, tenant } = sequence;
      return item ? [{ tenant, item, sequence }] : [];
    });
    const ahead = this.encodeQueue.pending.map(({ tenant, embedding: item }) => ({ tenant, item }));
    const candidates: readonly EncodeTurn[] = [...waited, ...ahead];
    const inProgress = candidates.find(({ item }) => item === this.tiles.current);
    if (inProgress) return inProgress;
    const [next] = this.encodings.sorted(candidates);
    if (next) this.encodings.record(next);
    return next;
  }

  /**
   * Encodes a slice of a tile that a running sequence waits for, or of the encode queue. Returns
   * its time in milliseconds; 0 if there was nothing to encode.
   */
  private async encodeSlice(): Promise<number> {
    const { now } = this.options;
    const next = this.nextToEncode();
    if (!next) return 0;
    const streams = this.running.filter(({ tokensPending }) => tokensPending === 1).length;
    const blocks = this.budget.blocks(streams, this.tiles.blocksPerTile);
    const start = now();
    const maxTiles = streams === 0 ? TILES_AT_ONCE : 1;
    const ran = await this.tiles.advance(next.item, maxTiles * blocks, maxTiles);
    const ms = now() - start;
    if (ran > 0) this.budget.observeBlocks(ran, ms);
    next.sequence?.addEncodingTime(ms);
    return ms;
  }

  /** Returns the sequences of the step. */
  private async runOneStep(spentMs: number): Promise<readonly Sequence[]> {
    const { backend, model, state, maxRows, now } = this.options;
    const promptRows = (streams: number): number => {
      return this.budget.promptRows(streams, maxRows, spentMs);
    };
    const shares = this.reservePages(shareStep(this.running, maxRows, promptRows, this.prefills));
    if (shares.length === 0) return [];
    const spans: SpanInput[] = [];
    const sampled: { readonly sequence: Sequence; readonly row: number }[] = [];
    let row = 0;
    for (const { sequence, tokens } of shares) {
      if (sequence.tokensPending > 1) this.prefills.record(turnOf(sequence));
      spans.push(sequence.span(tokens));
      row += tokens;
      if (tokens === sequence.tokensPending) sampled.push({ sequence, row: row - 1 });
    }
    const logitRows = Int32Array.from(sampled, (one) => one.row);
    const samples = sampled.map((one) => sampleRow(one.sequence));
    const started = now();
    const values = await runSpans(backend, model, state, spans, logitRows, samples);
    const streams = shares.filter(({ sequence }) => sequence.tokensPending === 1).length;
    this.budget.observeStep(streams, row - streams, now() - started);
    this.steps += 1;
    for (const { sequence, tokens } of shares) sequence.position += tokens;
    const columns = values.length / Math.max(1, sampled.length);
    sampled.forEach(({ sequence }, index) => {
      this.acceptSample(sequence, values.subarray(index * columns, (index + 1) * columns));
    });
    return shares.map(({ sequence }) => sequence);
  }

  /** Reserves pages for every share; preempts sequences while there are too few. */
  private reservePages(shares: readonly Share[]): { sequence: Sequence; tokens: number }[] {
    const chosen = shares.map(({ index, tokens }) => ({ sequence: this.running[index]!, tokens }));
    const granted = new Set(chosen);
    for (const share of chosen) {
      const { sequence, tokens } = share;
      while (granted.has(share) && !this.grow(sequence, sequence.position + tokens)) {
        const victim = pagesFrom(this.running);
        this.preempt(victim);
        for (const other of granted) if (other.sequence === victim) granted.delete(other);
      }
    }
    return chosen.filter((share) => granted.has(share));
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

  private acceptSample(sequence: Sequence, sampled: Float32Array): void {
    const { answer, signal, events } = sequence.input;
    if (signal?.aborted || events.abandoned) return;
    const token = sampled[0] ?? -1;
    if (token < 0) {
      const text = "the model's output is not a number; check the checkpoint's files for damage";
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
      events.fail(error); // the grammar turned out too ambiguous
      this.remove(sequence);
      return;
    }
    if (answer.finish === undefined) return;
    const { prefillMs, decodeMs } = sequence.finish();
    this.serviceMs += 0.1 * (prefillMs + decodeMs - this.serviceMs);
    this.remove(sequence);
  }

  private remove(sequence: Sequence): void {
    sequence.reportUsage();
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
    this.encodeQueue.fail(error);
    for (const sequence of [...this.running, ...this.waiting]) {
      sequence.input.events.fail(error);
      this.remove(sequence);
    }
  }
}

function turnOf(sequence: Sequence) {
  return { tenant: sequence.tenant, item: sequence };
}

function sampleRow(sequence: Sequence): SampleRow {
  const { sampler, answer } = sequence.input;
  return sampler.row(answer.tokens, answer.forbidden, answer.allowed);
}
