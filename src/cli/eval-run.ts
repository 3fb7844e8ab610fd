import { join } from "node:path";
import { type Command, Option } from "commander";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { parsePrice, showPrice } from "../core/prices.ts";
import type { Upstream, UpstreamModel } from "../core/upstream.ts";
import { BENCHMARKS } from "../eval/benchmarks.ts";
import { type Dataset, openDataset } from "../eval/dataset.ts";
import { PAGES, PICTURE_SETS, pagesFolder } from "../eval/pages.ts";
import { type RunResult, recordRun, runBenchmark } from "../eval/run/run.ts";
import { defaultMaxTokens, type RunSettings } from "../eval/run/settings.ts";
import { summariseRun } from "../eval/run/summary.ts";
import { BENCHMARK_IDS, type BenchmarkId, PROFILES, type Profile } from "../eval/types.ts";
import { createOpenAiCompatible } from "../upstreams/openai-compatible/upstream.ts";
import { showSummary } from "./eval-tables.ts";
import { interruptible } from "./interruptible.ts";
import { videoSettings, withVideoOptions } from "./media-options.ts";
import { openEngine } from "./open-engine.ts";
import { type EngineFlags, withEngineOptions } from "./options.ts";
import { wholeBetween, wholeNumber } from "./parsers.ts";
import { openTerminal, printable, type Terminal } from "./terminal.ts";

interface RunFlags extends EngineFlags {
  readonly data?: string;
  readonly out: string;
  readonly url?: string;
  readonly apiModel?: string;
  readonly keyEnv?: string;
  readonly profile: Profile;
  readonly reasoning: "on" | "off";
  readonly maxTokens?: number;
  readonly maxTiles?: number;
  readonly fps?: number;
  readonly frames?: number;
  readonly evs?: number;
  readonly limit?: number;
  readonly sample?: number;
  readonly seed?: string;
  readonly concurrency?: number;
  readonly timeout: number;
  readonly budgetUsd?: string;
}

/** One benchmark to run, with the place of its data. */
interface Job {
  readonly benchmark: BenchmarkId;
  readonly data: string;
}

export function addEvalRun(program: Command): void {
  const command = program
    .command("run")
    .summary("ask a model all items of benchmarks, and score the answers")
    .description(
      "Asks all items that have no answer yet, and scores the answers. The same command " +
        "continues a run that was interrupted. " +
        `"${PAGES}" runs the small sets that come with vireo; ` +
        `"${PAGES}/docvqa" runs one of them.`,
    )
    .argument("<benchmarks...>", `benchmarks of vireo eval list, or ${PAGES}`)
    .option("--data <path>", "folder or file of the benchmark's data")
    .option("-o, --out <dir>", "folder for the answers and scores", "eval-runs")
    .option("--url <url>", "answer by another server, as http://127.0.0.1:8000/v1")
    .option("--api-model <name>", "its model")
    .option("--key-env <variable>", "variable of the environment that holds its key")
    .addOption(
      new Option("--profile <name>", "prompts and rules of a harness")
        .choices(PROFILES)
        .default("vlmevalkit"),
    )
    .addOption(
      new Option("--reasoning <on|off>", "reasoning").choices(["on", "off"]).default("off"),
    )
    .option("--max-tokens <n>", "tokens per answer (default: as published)", wholeNumber)
    .option("--max-tiles <n>", "tiles per picture, 1 to 12", wholeBetween(1, 12))
    .option("--limit <n>", "only the first items", wholeNumber)
    .option("--sample <n>", "only a random sample of the items", wholeNumber)
    .option("--seed <text>", "seed of the sample")
    .option("--concurrency <n>", "most items at once (default: 16 here, 64 elsewhere)", wholeNumber)
    .option("--timeout <seconds>", "longest time for an answer", wholeNumber, 3600)
    .option("--budget-usd <amount>", "end the run when its answers have cost this");
  withEngineOptions(withVideoOptions(command.optionsGroup("Videos:"))).action(
    async (names: string[], flags: RunFlags) => run(jobsOf(names, flags), flags),
  );
}

function jobsOf(names: readonly string[], { data }: RunFlags): Job[] {
  const jobs = names.flatMap((name): Job[] => {
    if (name === PAGES) {
      return PICTURE_SETS.map((benchmark) => ({ benchmark, data: pagesFolder(benchmark) }));
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

interface Answering {
  readonly upstream: Upstream;
  close(): Promise<void>;
}

async function run(jobs: readonly Job[], flags: RunFlags): Promise<void> {
  const terminal = openTerminal(process.stderr);
  const datasets = new Map<Job, Dataset>();
  for (const job of jobs) datasets.set(job, await openDataset(job.benchmark, job.data));
  const { upstream, close } = await openAnswering(flags, terminal);
  try {
    const note = "interrupted; run the same command to continue";
    await interruptible(terminal, note, async (signal) => {
      for (const job of jobs) {
        await runJob(job, datasets.get(job)!, { flags, upstream, terminal, signal });
      }
    });
  } finally {
    await close();
  }
}

async function openAnswering(flags: RunFlags, terminal: Terminal): Promise<Answering> {
  if (flags.url === undefined) {
    const engine = await openEngine(flags, terminal, videoSettings(flags));
    return { upstream: engine, close: () => engine.close() };
  }
  const key = flags.keyEnv === undefined ? undefined : process.env[flags.keyEnv];
  if (flags.keyEnv !== undefined && key === undefined) {
    throw new VireoError("invalid_option", `the variable ${flags.keyEnv} of --key-env is not set`);
  }
  const remote = createOpenAiCompatible({
    name: "eval",
    baseUrl: flags.url,
    dialect: "openai",
    ...defined({
      models: flags.apiModel === undefined ? undefined : [{ id: flags.apiModel }],
      credentials: key === undefined ? undefined : () => key,
    }),
  });
  await remote.refresh();
  if (remote.models.length === 0) {
    await remote.close();
    const message = `${flags.url} lists no models; check the address, or name one by --api-model`;
    throw new VireoError("invalid_option", message);
  }
  return { upstream: remote, close: () => remote.close() };
}

interface Running {
  readonly flags: RunFlags;
  readonly upstream: Upstream;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

async function runJob(job: Job, dataset: Dataset, running: Running): Promise<void> {
  const { flags, upstream, terminal, signal } = running;
  const { benchmark, data } = job;
  const model = upstream.models[0]!;
  const settings = settingsOf(benchmark, flags, model);
  const folder = join(flags.out, benchmark);
  const chosen = defined({ limit: flags.limit, sample: flags.sample, sampleSeed: flags.seed });
  const items = Math.min(dataset.items, flags.limit ?? flags.sample ?? dataset.items);
  if (dataset.warning !== undefined)
    terminal.note(terminal.dim(`${benchmark}: ${dataset.warning}`));
  const startedAt = new Date().toISOString();
  const record = { settings, data, layout: dataset.layout, items, startedAt, ...chosen };
  await recordRun(folder, record);
  const began = performance.now();
  const result = await runBenchmark({
    dataset,
    upstream,
    settings,
    folder,
    ...chosen,
    concurrency: flags.concurrency ?? (flags.url === undefined ? 16 : 64),
    timeoutMs: flags.timeout * 1000,
    pauseMs: 1000,
    ...defined({ prices: model.prices, budgetPicoUsd: budgetOf(flags) }),
    signal,
    onProgress: ({ done, items: all, errors, width }) => {
      const seconds = Math.round((performance.now() - began) / 1000);
      const failed = errors > 0 ? `, ${errors} errors` : "";
      terminal.progress(
        printable(`${benchmark} ${done}/${all} ${seconds} s, ${width} at once${failed}`),
      );
    },
  });
  terminal.progress("");
  noteResult(terminal, benchmark, result);
  process.stdout.write(showSummary(await summariseRun(folder)));
}

function budgetOf({ budgetUsd }: RunFlags): bigint | undefined {
  return budgetUsd === undefined ? undefined : parsePrice(budgetUsd, "--budget-usd");
}

function settingsOf(benchmark: BenchmarkId, flags: RunFlags, model: UpstreamModel): RunSettings {
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
