import { totalmem } from "node:os";
import { type KvDtype, PAGE_ROWS } from "../backends/backend.ts";
import { VireoError } from "../core/errors.ts";
import type { ModelConfig } from "../model/config.ts";
import { pageBytes, type StateSizes, slotBytes } from "../model/state.ts";

export interface MemoryRequest {
  /** Limit of all of the engine's memory: weights, caches, temporaries. */
  readonly memoryBytes?: number | undefined;
  readonly maxSequences: number;
  /** Mamba states for cached prefixes; 0 for none. */
  readonly maxSnapshots: number;
  readonly contextTokens: number;
  readonly kvDtype: KvDtype;
}

/** Memory of the machine, or of the container of this process if that is less. */
export function machineBytes(constrained = process.constrainedMemory()): number {
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}

/** Default limit as a share of the machine's memory. */
const DEFAULT_SHARE = 0.85;

/** Maximum share of the memory beside the weights that snapshots take. */
const SNAPSHOT_SHARE = 0.15;

/** Slots for sequences come first, then slots for snapshots. */
export interface StatePlan extends StateSizes {
  readonly snapshots: number;
}

/**
 * Divides the memory beside the weights between Mamba slots and KV pages: up to `maxSequences`
 * slots, up to `maxSnapshots` more for cached prefixes, and pages for that many full contexts or as
 * many as fit.
 *
 * Throws out_of_memory, with the numbers, if not one sequence fits.
 */
export function planState(
  config: ModelConfig,
  weightBytes: number,
  request: MemoryRequest,
): StatePlan {
  const { maxSequences, maxSnapshots, contextTokens, kvDtype } = request;
  const limit = request.memoryBytes ?? Math.floor(machineBytes() * DEFAULT_SHARE);
  const room = limit - weightBytes;
  const perSlot = slotBytes(config);
  const perPage = Math.max(1, pageBytes(config, kvDtype));
  const pagesPerContext = Math.ceil(contextTokens / PAGE_ROWS);
  const minBytes = perSlot + Math.min(4, pagesPerContext) * perPage;
  if (room < minBytes) {
    const text =
      `${gigabytes(limit)} of memory hold the weights (${gigabytes(weightBytes)}) but not one ` +
      `sequence beside them (${gigabytes(minBytes)}); raise --memory or choose a smaller --format`;
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

/** Validates the options and plans the state. Throws invalid_option and out_of_memory. */
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

/** Returns an option, or its default, as a whole number within bounds. Throws invalid_option. */
export function wholeOption(
  name: string,
  given: number | undefined,
  fallback: number,
  max: number,
  min = 1,
): number {
  const value = given ?? fallback;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  const text = `${name} is ${value}; it must be a whole number from ${min} to ${max}`;
  throw new VireoError("invalid_option", text, { param: name });
}
