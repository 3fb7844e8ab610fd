// Runs a benchmark: asks every item that has no answer yet, and keeps the answers.

import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { defined } from "../../core/defined.ts";
import { VireoError } from "../../core/errors.ts";
import { costOf, type Prices } from "../../core/prices.ts";
import type { Upstream } from "../../core/upstream.ts";
import { lockFolder } from "../../disk/lock-folder.ts";
import { writeUserFile } from "../../disk/user-files.ts";
import type { Dataset } from "../dataset.ts";
import type { Item } from "../types.ts";
import { type AnswerLine, type AnswerLog, openAnswerLog, readAnswers } from "./answer-log.ts";
import { ask } from "./ask.ts";
import { createPace } from "./pace.ts";
import { questionOf, type RunSettings, sha256 } from "./settings.ts";

export interface RunOptions {
  readonly dataset: Dataset;
  readonly upstream: Upstream;
  readonly settings: RunSettings;
  /** Folder of this benchmark's run. */
  readonly folder: string;
  /** Only the first items, or only a random sample of so many. */
  readonly limit?: number;
  readonly sample?: number;
  readonly sampleSeed?: string;
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** First pause between attempts. */
  readonly pauseMs: number;
  readonly prices?: Prices;
  /** The run ends before the cost of its answers passes this. */
  readonly budgetPicoUsd?: bigint;
  readonly onProgress?: (progress: RunProgress) => void;
  readonly signal: AbortSignal;
}

export interface RunProgress {
  readonly done: number;
  readonly items: number;
  /** Answered by an earlier run. */
  readonly known: number;
  readonly errors: number;
  readonly width: number;
  readonly costPicoUsd: bigint;
}

export interface RunResult extends RunProgress {
  /** Why the run ended before its last item; undefined if it did not. */
  readonly stopped?: string;
}

/** The content of `run.json`. */
export interface RunRecord {
  readonly settings: RunSettings;
  readonly data: string;
  readonly layout: string;
  readonly items: number;
  readonly startedAt: string;
  readonly limit?: number;
  readonly sample?: number;
  readonly sampleSeed?: string;
}

const FIRST_WIDTH = 4;
const MAX_ERRORS_IN_A_ROW = 20;
const MAX_ERROR_SHARE = 0.05;
const MIN_ITEMS_FOR_SHARE = 200;

/** Runs or continues a run. Throws invalid_option if another process is writing it. */
export async function runBenchmark(options: RunOptions): Promise<RunResult> {
  await mkdir(options.folder, { recursive: true });
  const unlock = await lockRun(options.folder);
  try {
    const known = await readAnswers(join(options.folder, "answers.jsonl"));
    const log = await openAnswerLog(join(options.folder, "answers.jsonl"));
    try {
      return await answerAll(options, known, log);
    } finally {
      await log.close();
    }
  } finally {
    await unlock();
  }
}

/** Two writers of one folder would answer items twice. */
export function lockRun(folder: string): Promise<() => Promise<void>> {
  return lockFolder(folder, (pid) => {
    const message = `${folder} is being written by process ${pid}; wait, or give another --out`;
    return new VireoError("invalid_option", message, { param: "out" });
  });
}

async function answerAll(
  options: RunOptions,
  answers: ReadonlyMap<string, AnswerLine>,
  log: AnswerLog,
): Promise<RunResult> {
  const { settings, signal, upstream } = options;
  const chosen = await chooseIds(options);
  const pace = createPace(FIRST_WIDTH, options.concurrency);
  const state: Tally = { done: 0, known: 0, errors: 0, inARow: 0, costPicoUsd: 0n };
  let stopped: string | undefined;
  let failure: unknown;
  const progress = (): RunProgress => {
    const { inARow: _, ...counts } = state;
    return { ...counts, items: chosen.size, width: pace.width };
  };
  const answerOne = async (item: Item): Promise<void> => {
    let isOverload = false;
    let msPerToken: number | undefined;
    try {
      const question = await questionOf(item, settings);
      const known = answers.get(question.key);
      if (known !== undefined && known.finishReason !== "error") {
        state.known += 1;
        return;
      }
      const onOverload = (): void => {
        isOverload = true;
      };
      const { timeoutMs, pauseMs } = options;
      const answer = await ask(upstream, question.request, {
        timeoutMs,
        pauseMs,
        signal,
        onOverload,
      });
      const { key, promptHash } = question;
      await log.append({ key, id: item.id, promptHash, ...answer });
      count(answer, state, options.prices);
      if (answer.error === undefined) {
        msPerToken = answer.totalMs / Math.max(1, answer.tokens.completion);
      }
      stopped ??= reasonToStop(state, options.budgetPicoUsd);
    } catch (error) {
      failure ??= error;
    } finally {
      state.done += 1;
      pace.leave({ isOverload, ...defined({ msPerToken }) });
      options.onProgress?.(progress());
    }
  };
  const running = new Set<Promise<void>>();
  let started = 0;
  for await (const item of options.dataset.read()) {
    if (!chosen.has(item.id)) continue;
    await pace.enter();
    if (stopped !== undefined || failure !== undefined || signal.aborted) break;
    const one: Promise<void> = answerOne(item).finally(() => running.delete(one));
    running.add(one);
    started += 1;
    if (started === chosen.size) break;
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure;
  signal.throwIfAborted();
  return { ...progress(), ...defined({ stopped }) };
}

interface Tally {
  done: number;
  known: number;
  errors: number;
  /** Errors since the last answer without one. */
  inARow: number;
  costPicoUsd: bigint;
}

function count(
  answer: Pick<AnswerLine, "error" | "tokens">,
  state: Tally,
  prices: Prices | undefined,
): void {
  const { prompt: promptTokens, completion: completionTokens } = answer.tokens;
  if (prices !== undefined) state.costPicoUsd += costOf(prices, { promptTokens, completionTokens });
  state.errors += answer.error === undefined ? 0 : 1;
  state.inARow = answer.error === undefined ? 0 : state.inARow + 1;
}

function reasonToStop(
  { done, errors, inARow, costPicoUsd }: Readonly<Tally>,
  budget: bigint | undefined,
): string | undefined {
  if (inARow > MAX_ERRORS_IN_A_ROW) {
    return `${inARow} errors in a row; check the address, the key and the model's name`;
  }
  if (done >= MIN_ITEMS_FOR_SHARE && errors / done > MAX_ERROR_SHARE) {
    return `${errors} errors in ${done} items; see "error" in answers.jsonl`;
  }
  if (budget !== undefined && costPicoUsd >= budget) return "the budget is spent";
  return undefined;
}

/** Ids of the items to ask; a sample is the same for the same seed. */
async function chooseIds({ dataset, limit, sample, sampleSeed }: RunOptions): Promise<Set<string>> {
  const ids: string[] = [];
  for await (const { id } of dataset.read({ media: false })) {
    if (sample === undefined && ids.length === limit) break;
    ids.push(id);
  }
  if (sample === undefined) return new Set(ids);
  const ranked = ids.map((id) => [sha256(`${sampleSeed ?? ""} ${id}`), id] as const).sort();
  return new Set(ranked.slice(0, sample).map(([, id]) => id));
}

/** Writes run.json, unless the folder holds a run with other settings. */
export async function recordRun(folder: string, record: RunRecord): Promise<void> {
  const path = join(folder, "run.json");
  const earlier = await findRecord(folder);
  if (earlier !== undefined) {
    if (JSON.stringify(earlier.settings) === JSON.stringify(record.settings)) return;
    const message = `${folder} holds a run with other settings; give another --out`;
    throw new VireoError("invalid_option", message, { param: "out" });
  }
  await mkdir(folder, { recursive: true });
  await writeUserFile(path, `${JSON.stringify(record, null, 2)}\n`);
}

/** The record of a run. Throws invalid_option if the folder holds none. */
export async function readRecord(folder: string): Promise<RunRecord> {
  const record = await findRecord(folder);
  if (record !== undefined) return record;
  const message = `${folder} holds no run; name a folder that vireo eval run wrote`;
  throw new VireoError("invalid_option", message);
}

async function findRecord(folder: string): Promise<RunRecord | undefined> {
  const text = await readFile(join(folder, "run.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as RunRecord);
}
