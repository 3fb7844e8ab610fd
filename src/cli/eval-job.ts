import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { parsePrice, showPrice } from "../core/prices.ts";
import type { UpstreamModel } from "../core/upstream.ts";
import { BENCHMARKS } from "../eval/benchmarks.ts";
import type { Dataset } from "../eval/dataset.ts";
import { PAGES, PICTURE_SETS, pagesFolder } from "../eval/pages.ts";
import { type RunProgress, type RunResult, recordRun, runBenchmark } from "../eval/run/run.ts";
import { defaultMaxTokens, type RunSettings } from "../eval/run/settings.ts";
import { BENCHMARK_IDS, type BenchmarkId } from "../eval/types.ts";
import type { EvalFlags } from "./eval-options.ts";
import type { Target } from "./eval-target.ts";
import { printable, type Terminal } from "./terminal.ts";

/** One benchmark to run, with the place of its data. */
export interface Job {
  readonly benchmark: BenchmarkId;
  readonly data: string;
}

/**
 * The benchmarks that the names mean. bundled: those that "pages" stands for.
 *
 * Throws invalid_option for an unknown name, and missing_required for one without data.
 */
export function jobsOf(
  names: readonly string[],
  { data }: Pick<EvalFlags, "data">,
  bundled: readonly BenchmarkId[] = PICTURE_SETS,
): Job[] {
  const jobs = names.flatMap((name): Job[] => {
    if (name === PAGES) {
      return bundled.map((benchmark) => ({ benchmark, data: pagesFolder(benchmark) }));
    }
    const isBundled = name.startsWith(`${PAGES}/`);
    const benchmark = BENCHMARK_IDS.find((id) => id === name.replace(`${PAGES}/`, ""));
    if (benchmark === undefined) {
      const known = [PAGES, ...BENCHMARK_IDS].join(", ");
      throw new VireoError("invalid_option", `there is no benchmark "${name}"; known: ${known}`);
    }
    if (isBundled) return [{ benchmark, data: pagesFolder(benchmark) }];
    if (data === undefined) {
      const message =
        `${name} needs --data: vireo carries no benchmark data. ` +
        `"${PAGES}/${name}" runs the small set that comes with vireo`;
      throw new VireoError("missing_required", message);
    }
    return [{ benchmark, data }];
  });
  if (data !== undefined && jobs.length > 1) {
    throw new VireoError("invalid_option", "--data belongs to one benchmark; run them one by one");
  }
  return jobs;
}

export interface Running {
  readonly flags: EvalFlags;
  /** Folder of this benchmark's run. */
  readonly folder: string;
  readonly target: Target;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** Runs or continues the run of a benchmark, and tells how it ended. */
export async function runJob(job: Job, dataset: Dataset, running: Running): Promise<void> {
  const { flags, folder, target, terminal, signal } = running;
  const { upstream, model, isLocal } = target;
  const { benchmark, data } = job;
  const settings = settingsOf(benchmark, flags, model);
  const chosen = defined({ limit: flags.limit, sample: flags.sample, sampleSeed: flags.seed });
  const items = Math.min(dataset.items, flags.limit ?? flags.sample ?? dataset.items);
  if (dataset.warning !== undefined)
    terminal.note(terminal.dim(`${benchmark}: ${dataset.warning}`));
  const startedAt = new Date().toISOString();
  const record = { settings, data, layout: dataset.layout, items, startedAt, ...chosen };
  await recordRun(folder, record);
  const began = performance.now();
  let isForecast = false;
  const result = await runBenchmark({
    dataset,
    upstream,
    settings,
    folder,
    ...chosen,
    concurrency: flags.concurrency ?? (isLocal ? 16 : 64),
    timeoutMs: flags.timeout * 1000,
    pauseMs: 1000,
    ...defined({ prices: model.prices, budgetPicoUsd: budgetOf(flags) }),
    signal,
    onProgress: (progress) => {
      const { done, items: all, errors, width } = progress;
      const seconds = Math.round((performance.now() - began) / 1000);
      if (done - progress.known === FORECAST_ITEMS && all > done && !isForecast) {
        isForecast = true;
        terminal.note(terminal.dim(forecast(progress, seconds)));
      }
      const failed = errors > 0 ? `, ${errors} errors` : "";
      terminal.progress(
        printable(`${benchmark} ${done}/${all} ${seconds} s, ${width} at once${failed}`),
      );
    },
  });
  terminal.progress("");
  noteResult(terminal, benchmark, result);
}

/** Items after which a run tells what the others will take. */
const FORECAST_ITEMS = 50;

/** The time and cost of the whole run, as far as its first answers tell. */
function forecast(progress: RunProgress, seconds: number): string {
  const { done, known, items, costPicoUsd } = progress;
  const left = items - done;
  const asked = done - known;
  const minutes = Math.ceil((seconds * left) / asked / 60);
  const cost = (costPicoUsd * BigInt(left)) / BigInt(asked);
  const price = cost > 0n ? ` and about $${showPrice(cost)}` : "";
  return `${left} more items: about ${minutes} min${price}, by the first ${asked}`;
}

function budgetOf({ budgetUsd }: EvalFlags): bigint | undefined {
  return budgetUsd === undefined ? undefined : parsePrice(budgetUsd, "--budget-usd");
}

function settingsOf(benchmark: BenchmarkId, flags: EvalFlags, model: UpstreamModel): RunSettings {
  const { profile, maxTiles, frames, fps, evs } = flags;
  const reasoning = flags.reasoning === "on";
  return {
    benchmark,
    profile,
    model: model.id,
    fingerprint: model.fingerprint,
    reasoning,
    maxTokens: flags.maxTokens ?? defaultMaxTokens(benchmark, reasoning),
    ...defined({ maxTiles, frames, fps, evs }),
  };
}

function noteResult(terminal: Terminal, benchmark: BenchmarkId, result: RunResult): void {
  const { known, errors, stopped, costPicoUsd } = result;
  const before = known > 0 ? `, ${known} of them by an earlier run` : "";
  const cost = costPicoUsd > 0n ? `, $${showPrice(costPicoUsd)}` : "";
  const failed = errors > 0 ? `, ${errors} errors` : "";
  const { title } = BENCHMARKS[benchmark];
  terminal.note(terminal.dim(`${title}: ${result.done} items${before}${failed}${cost}`));
  if (stopped === undefined) return;
  terminal.note(printable(`${title} ended early: ${stopped}`));
  process.exitCode = 1;
}
