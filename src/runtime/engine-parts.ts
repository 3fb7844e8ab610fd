import type { Backend } from "../backends/backend.ts";
import { LIMITS } from "../core/limits.ts";
import { silentLog } from "../core/log.ts";
import { EncodeQueue } from "../inputs/media/encode-queue.ts";
import { createResize } from "../inputs/media/images.ts";
import type { MediaStores } from "../inputs/media/open-media.ts";
import { Preparer } from "../inputs/preparer.ts";
import { chooseContext, openStores } from "../inputs/stores.ts";
import { type TextFiles, templateInfo } from "../inputs/text-files.ts";
import type { Model } from "../model/load.ts";
import { createState } from "../model/state.ts";
import { Batcher } from "./batcher.ts";
import { Constraints } from "./constraint.ts";
import type { EngineInfo, EngineOptions } from "./engine-options.ts";
import { planSizes, type StatePlan, wholeOption } from "./memory.ts";
import { Places } from "./places.ts";

/** A loaded checkpoint on a backend. */
export interface LoadedModel {
  readonly backend: Backend;
  readonly model: Model;
  readonly text: TextFiles;
}

/** The parts of an engine, in the order in which a request passes them. */
export interface EngineParts {
  readonly contextTokens: number;
  readonly sizes: StatePlan;
  readonly stores: MediaStores;
  readonly preparer: Preparer;
  readonly constraints: Constraints;
  /** Tokens that end an answer. */
  readonly eosIds: readonly number[];
  /** Media to encode ahead of sequences; the stores fill it, the batcher works on it. */
  readonly encodeQueue: EncodeQueue;
  readonly batcher: Batcher;
  /** Bounds the requests that are prepared or wait, by tenant. */
  readonly places: Places;
}

const MAX_ROWS = 256;

/** Builds the parts and allocates the state. Throws invalid_option and out_of_memory. */
export function buildParts(loaded: LoadedModel, options: EngineOptions): EngineParts {
  const { backend, model, text } = loaded;
  const { config } = model;
  const contextTokens = chooseContext(config, options.contextTokens);
  const maxRows = wholeOption("rows", options.maxRows, MAX_ROWS, 4096);
  const sizes = planSizes(config, model.region.bytes, options, contextTokens);
  const encodeQueue = new EncodeQueue();
  const resize = createResize(backend.resize);
  const stores = openStores(config, resize, options.video, encodeQueue);
  const preparer = new Preparer({
    model,
    text,
    stores,
    contextTokens,
    shareMedia: options.shareMedia,
  });
  const eosIds = [...new Set([...config.tokens.eosIds, ...text.endIds])];
  const constraints = new Constraints(text.tokenizer, config.text.vocabulary, eosIds);
  const batcher = new Batcher({
    backend,
    model,
    state: createState(backend, config, sizes),
    slots: sizes.slots - sizes.snapshots,
    snapshots: sizes.snapshots,
    pages: sizes.pages,
    maxRows,
    encodeQueue,
    log: options.log ?? silentLog,
    now: () => performance.now(),
  });
  const places = new Places(LIMITS.queue.requests, () => batcher.stats.waitMs);
  return {
    contextTokens,
    sizes,
    stores,
    preparer,
    constraints,
    eosIds,
    encodeQueue,
    batcher,
    places,
  };
}

/** started: performance.now() when loading began. */
export function engineInfo(loaded: LoadedModel, parts: EngineParts, started: number): EngineInfo {
  const { backend, model, text } = loaded;
  const { contextTokens, sizes, stores } = parts;
  return {
    backend: backend.name,
    kernelSet: backend.kernelSet,
    threads: backend.threads,
    weightBytes: model.region.bytes,
    fromCache: model.fromCache,
    contextTokens,
    slots: sizes.slots - sizes.snapshots,
    prefixes: sizes.snapshots,
    pages: sizes.pages,
    videoPruningRate: stores.videos.defaultRate,
    checkpointPruningRate: model.config.videoPruningRate,
    loadMs: performance.now() - started,
    template: templateInfo(text),
  };
}
