import { join } from "node:path";
import { type Command, Option } from "commander";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { writeUserFile } from "../disk/user-files.ts";
import { type Dataset, openDataset } from "../eval/dataset.ts";
import { summariseRun } from "../eval/run/summary.ts";
import {
  cellName,
  cellsOf,
  gatherSweep,
  type Sweep,
  type SweepAxes,
  type SweepRun,
} from "../eval/run/sweep.ts";
import { plotSweep } from "../eval/run/sweep-plot.ts";
import { inWords } from "../eval/statistics/paired.ts";
import { BENCHMARK_IDS } from "../eval/types.ts";
import { type Job, jobsOf, runJob } from "./eval-job.ts";
import { type EvalFlags, withEvalOptions } from "./eval-options.ts";
import { tableOf } from "./eval-tables.ts";
import { openTarget } from "./eval-target.ts";
import { interruptible } from "./interruptible.ts";
import { withEngineOptions } from "./options.ts";
import { between, namesOf, wholeNumbers } from "./parsers.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

/** bf16 is the format that checkpoints are stored in. */
const FORMATS = ["bf16", "stored", "int8", "int4"] as const;
type Format = (typeof FORMATS)[number];

interface SweepFlags extends Omit<EvalFlags, "format" | "evs" | "frames"> {
  readonly out: string;
  readonly format?: readonly Format[];
  readonly evs?: readonly number[];
  readonly frames?: readonly number[];
  readonly print: "text" | "json" | "markdown";
}

export function addEvalSweep(command: Command): void {
  const sweep = command
    .command("sweep")
    .summary("run benchmarks with each combination of settings")
    .description(
      "Runs benchmarks with each combination of settings and tells which differences are real. " +
        "Each combination is compared with the first one on the same items; p is adjusted by " +
        "Holm's method. EVS and frames are varied for benchmarks with videos only. Writes " +
        "sweep.json, sweep.md and sweep.svg into --out. The same command continues a sweep.",
    )
    .option("-o, --out <dir>", "folder of the sweep", "eval-sweep")
    .addOption(
      new Option("--print <how>", "how the tables are printed")
        .choices(["text", "json", "markdown"])
        .default("text"),
    );
  const format = new Option("--format <list>", `formats of the weights: ${FORMATS.join(", ")}`);
  withEngineOptions(withEvalOptions(sweep), format.argParser(namesOf(FORMATS)));
  sweep
    .optionsGroup("Settings to vary:")
    .option("--evs <list>", "shares that EVS drops, such as 0,0.5,0.75,0.9", shares)
    .option("--frames <list>", "frames of a video, such as 32,64,128", wholeNumbers)
    .option("--fps <x>", "frames of a video per second, at most", between(0, 1000))
    .action(runSweep);
}

function shares(text: string): readonly number[] {
  return text.split(",").map((part) => between(0, 0.999)(part.trim()));
}

async function runSweep(names: readonly string[], flags: SweepFlags): Promise<void> {
  const { format = [], evs = [], frames = [], out } = flags;
  if (format.length > 0 && (flags.url !== undefined || flags.config !== undefined)) {
    const message = "--format needs a model of this machine; another server has its own format";
    throw new VireoError("invalid_option", message);
  }
  const terminal = openTerminal(process.stderr);
  const axes = { formats: format, evs, frames };
  const jobs = jobsOf(names, flags, BENCHMARK_IDS);
  await interruptible(terminal, "interrupted; run the same command to continue", async (signal) => {
    const runs = await runCells(jobs, axes, flags, terminal, signal);
    const sweep = await gatherSweep(runs);
    await writeUserFile(join(out, "sweep.json"), `${JSON.stringify(sweep, null, 2)}\n`);
    await writeUserFile(join(out, "sweep.md"), tablesOf(sweep, markdownTable));
    await writeUserFile(join(out, "sweep.svg"), plotSweep(sweep));
    const shown = {
      text: () => tablesOf(sweep, tableOf),
      json: () => `${JSON.stringify(sweep, null, 2)}\n`,
      markdown: () => tablesOf(sweep, markdownTable),
    };
    process.stdout.write(shown[flags.print]());
  });
}

/** Runs all cells, format by format, so that each format is loaded once. */
async function runCells(
  jobs: readonly Job[],
  axes: SweepAxes,
  flags: SweepFlags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<SweepRun[]> {
  const runs: SweepRun[] = [];
  const datasets = new Map<Job, Dataset>();
  for (const job of jobs) datasets.set(job, await openDataset(job.benchmark, job.data));
  const { format: _, evs: __, frames: ___, ...rest } = flags;
  for (const name of axes.formats.length === 0 ? [undefined] : axes.formats) {
    const format = name === undefined || name === "bf16" ? "stored" : (name as EvalFlags["format"]);
    const target = await openTarget({ ...rest, format }, terminal);
    try {
      for (const job of jobs) {
        const dataset = datasets.get(job)!;
        const formats = name === undefined ? [] : [name];
        for (const cell of cellsOf(job.benchmark, { ...axes, formats })) {
          const folder = join(flags.out, cellName(cell), job.benchmark);
          const { evs, frames } = cell;
          const settings = { ...rest, format, ...defined({ evs, frames }) };
          terminal.note(`${job.benchmark}, ${cellName(cell)}`);
          await runJob(job, dataset, { flags: settings, folder, target, terminal, signal });
          const { benchmark } = job;
          runs.push({ benchmark, cell, folder, summary: await summariseRun(folder) });
        }
      }
    } finally {
      await target.close();
    }
  }
  return runs;
}

type Table = (rows: readonly (readonly string[])[]) => string;

function tablesOf({ rows, tests }: Sweep, table: Table): string {
  const percent = (share: number): string => (100 * share).toFixed(1);
  const head = ["score", "settings", "%", "95 % interval", "items", "tokens", "visual", "seconds"];
  const scores = rows.map(({ key, cell, score, promptTokens, visualTokens, seconds }) => [
    key,
    cellName(cell),
    percent(score.value),
    `${percent(score.low)} to ${percent(score.high)}`,
    String(score.items),
    promptTokens.toFixed(0),
    visualTokens.toFixed(0),
    seconds.toFixed(2),
  ]);
  const testHead = ["score", "first", "other", "points", "95 % interval", "p (Holm)", "verdict"];
  const compared = tests.map(({ key, first, other, comparison, adjusted }) => [
    key,
    first,
    other,
    percent(comparison.difference.value),
    `${percent(comparison.difference.low)} to ${percent(comparison.difference.high)}`,
    adjusted.toFixed(4),
    inWords(comparison, adjusted),
  ]);
  return `${table([head, ...scores])}\n${table([testHead, ...compared])}`;
}

function markdownTable(rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  const [head = [], ...body] = rows;
  return [line(head), line(head.map(() => "---")), ...body.map(line)].join("");
}
