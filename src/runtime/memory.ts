import { totalmem } from "node:os";
import { type KvDtype, PAGE_ROWS } from "../backends/backend.ts";
import { VireoError } from "../core/errors.ts";
import type { ModelConfig } from "../model/config.ts";
import { pageBytes, type StateSizes, slotBytes } from "../model/state.ts";

export interface MemoryWishes {
  /** All of the engine's memory: weights, caches, temporaries. */
  readonly memoryBytes?: number | undefined;
  readonly maxSequences: number;
  /** Mamba states kept for prefixes that come again; 0 for none. */
  readonly maxSnapshots: number;
  readonly contextTokens: number;
  readonly kvDtype: KvDtype;
}

/** Of the machine, or of the container that this process is in. */
export function machineBytes(constrained = process.constrainedMemory()): number {
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}

/** Share of the machine's memory that is used unless a limit is given. */
const DEFAULT_SHARE = 0.85;

/** Share of what the weights leave that snapshots may take. */
const SNAPSHOT_SHARE = 0.15;

/** Slots of sequences come first, then those of snapshots. */
export interface StatePlan extends StateSizes {
  readonly snapshots: number;
}

/**
 * Divides the memory that the weights leave between Mamba slots and KV pages: up to
 * `maxSequences` slots, up to `maxSnapshots` more for cached prefixes, and pages for that many full
 * contexts or as many as there is room for.
 *
 * Throws out_of_memory, with the numbers, if not even one sequence fits.
 */
export function planState(
  config: ModelConfig,
  weightBytes: number,
  wishes: MemoryWishes,
): StatePlan {
  const { maxSequences, maxSnapshots, contextTokens, kvDtype } = wishes;
  const limit = wishes.memoryBytes ?? Math.floor(machineBytes() * DEFAULT_SHARE);
  const room = limit - weightBytes;
  const perSlot = slotBytes(config);
  const perPage = Math.max(1, pageBytes(config, kvDtype));
  const pagesPerContext = Math.ceil(contextTokens / PAGE_ROWS);
  const least = perSlot + Math.min(4, pagesPerContext) * perPage;
  if (room < least) {
    const text =
      `${gigabytes(limit)} of memory hold the weights (${gigabytes(weightBytes)}) but not one ` +
      `sequence beside them (${gigabytes(least)}); raise --memory or choose a smaller --format`;
    throw new VireoError("out_of_memory", text);
  }
  const running = Math.max(1, Math.min(maxSequences, Math.floor((room * 0.5) / perSlot)));
  const snapshots = Math.min(maxSnapshots, Math.floor((room * SNAPSHOT_SHARE) / perSlot));
  const slots = running + snapshots;
  const maxPages = pagesPerContext * (running + Math.min(1, snapshots));
  const pages = Math.min(maxPages, Math.floor((room - slots * perSlot) / perPage));
  return { slots, snapshots, pages, kvDtype };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

export interface SizeOptions {
  readonly memoryBytes?: number;
  readonly kvDtype?: KvDtype;
  readonly maxSequences?: number;
  readonly maxPrefixes?: number;
}

const MAX_SEQUENCES = 16;
const MAX_PREFIXES = 32;

/** planState for what somebody asked for. Throws invalid_option and out_of_memory. */
export function planSizes(
  config: ModelConfig,
  weightBytes: number,
  options: SizeOptions,
  contextTokens: number,
): StatePlan {
  const { memoryBytes, kvDtype = "bf16", maxSequences, maxPrefixes } = options;
  return planState(config, weightBytes, {
    memoryBytes,
    maxSequences: wholeOption("sequences", maxSequences, MAX_SEQUENCES, 4096),
    maxSnapshots: wholeOption("prefixes", maxPrefixes, MAX_PREFIXES, 4096, 0),
    contextTokens,
    kvDtype,
  });
}

/** An option that is a whole number within bounds. Throws invalid_option. */
export function wholeOption(
  name: string,
  given: number | undefined,
  usual: number,
  max: number,
  min = 1,
): number {
  const value = given ?? usual;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  const text = `${name} is ${value}; it must be a whole number from ${min} to ${max}`;
  throw new VireoError("invalid_option", text, { param: name });
}
