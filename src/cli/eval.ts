import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { type Command, Option } from "commander";
import { VireoError } from "../core/errors.ts";
import { BENCHMARKS, LICENCES_CHECKED } from "../eval/benchmarks.ts";
import { openDataset } from "../eval/dataset.ts";
import { PAGES, pagesFolder } from "../eval/pages.ts";
import { promptOf } from "../eval/prompts.ts";
import { print } from "../eval/python/print.ts";
import { compareRuns, type RunComparison } from "../eval/run/compare-runs.ts";
import { writeReport } from "../eval/run/report.ts";
import { summariseRun } from "../eval/run/summary.ts";
import { BENCHMARK_IDS, PROFILES, type Profile } from "../eval/types.ts";
import { addEvalRun } from "./eval-run.ts";
import { addEvalSweep } from "./eval-sweep.ts";
import { showComparisons, showSummary, tableOf } from "./eval-tables.ts";
import { printable } from "./terminal.ts";

export function addEval(program: Command): void {
  const command = program
    .command("eval")
    .summary("score a model on the benchmarks that it is known by")
    .description(
      "Scores a model on the benchmarks that it is known by, with the rules of their references. " +
        `vireo carries no benchmark data but the small sets of "${PAGES}".`,
    );
  command
    .command("list")
    .summary("list the benchmarks")
    .description("Lists the benchmarks with their size, metric and need of a judge model.")
    .option("--licences", "show the licence of each data set instead")
    .action(({ licences }: { licences?: boolean }) => {
      process.stdout.write(licences === true ? licenceTable() : benchmarkTable());
    });
  addCheck(command);
  addEvalRun(command);
  addEvalSweep(command);
  command
    .command("score")
    .summary("score the answers of a run again, without a model")
    .description("Scores the answers of a run again. Needs the data, but no model.")
    .argument("<dir>", "folder that vireo eval run wrote")
    .action(async (folder: string) => {
      for (const run of runsIn(folder)) process.stdout.write(showSummary(await summariseRun(run)));
    });
  command
    .command("report")
    .summary("write the report of a run as one HTML file")
    .description("Scores the answers of a run again and writes report.html beside them.")
    .argument("<dir>", "folder that vireo eval run wrote")
    .option("--against <dir>", "also write comparison.html, item by item beside this run")
    .action(async (folder: string, { against }: { against?: string }) => {
      const others = new Map(against === undefined ? [] : commonRuns(folder, against));
      for (const run of runsIn(folder)) {
        const summary = await summariseRun(run);
        process.stdout.write(`${await writeReport(run, summary)}\n`);
        const other = others.get(run);
        if (other === undefined) continue;
        await summariseRun(other);
        process.stdout.write(`${await writeReport(run, summary, other)}\n`);
      }
    });
  command
    .command("compare")
    .summary("compare two runs, item by item")
    .description(
      "Compares two runs on the items that both answered. Positive differences are in favour of " +
        "the second. p is exact (McNemar) or by sign flips, adjusted by Holm's method.",
    )
    .argument("<dir-a>", "folder of the first run")
    .argument("<dir-b>", "folder of the second run")
    .action(async (a: string, b: string) => {
      process.stdout.write(showComparisons(await compareAll(a, b)));
    });
}

function addCheck(command: Command): void {
  command
    .command("check")
    .summary("load a benchmark's data and show three prompts")
    .description("Loads the data of a benchmark, counts its items and shows three prompts.")
    .argument("<benchmark>", "id of vireo eval list")
    .option("--data <path>", `folder or file of the data (default: the set of "${PAGES}")`)
    .addOption(
      new Option("--profile <name>", "prompts of a harness")
        .choices(PROFILES)
        .default("vlmevalkit"),
    )
    .action(async (name: string, { data, profile }: { data?: string; profile: Profile }) => {
      const benchmark = BENCHMARK_IDS.find((id) => id === name);
      if (benchmark === undefined) {
        const known = BENCHMARK_IDS.join(", ");
        throw new VireoError("invalid_option", `there is no benchmark "${name}"; known: ${known}`);
      }
      const dataset = await openDataset(benchmark, data ?? pagesFolder(benchmark));
      const count = dataset.warning ?? `${dataset.items} items`;
      process.stdout.write(`${BENCHMARKS[benchmark].title}: ${dataset.layout}, ${count}\n`);
      let shown = 0;
      for await (const item of dataset.read({ media: false })) {
        const golds = item.golds.map(print).join(" or ");
        const prompt = promptOf(item, profile);
        process.stdout.write(printable(`\n--- ${item.id}, gold ${golds}\n${prompt}\n`));
        shown += 1;
        if (shown === 3) break;
      }
    });
}

/** The folder itself if it is a run, else the runs of benchmarks in it. */
function runsIn(folder: string): string[] {
  if (existsSync(join(folder, "run.json"))) return [folder];
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const runs = names.map((name) => join(folder, name));
  const found = runs.filter((run) => existsSync(join(run, "run.json")));
  if (found.length > 0) return found;
  throw new VireoError("invalid_option", `${folder} holds no run; see vireo eval run --help`);
}

/** The runs in `a`, each with the run in `b` of the same benchmark. Throws without any. */
function commonRuns(a: string, b: string): [string, string][] {
  const pairs = runsIn(a).map((run): [string, string] => {
    return [run, run === a ? b : join(b, basename(run))];
  });
  const found = pairs.filter(([, other]) => existsSync(join(other, "run.json")));
  if (found.length > 0) return found;
  throw new VireoError("invalid_option", `${a} and ${b} have no benchmark in common`);
}

async function compareAll(a: string, b: string): Promise<RunComparison[]> {
  const comparisons: RunComparison[] = [];
  for (const [run, other] of commonRuns(a, b)) {
    comparisons.push(...(await compareRuns(run, other)));
  }
  return comparisons;
}

function benchmarkTable(): string {
  const head = ["id", "split", "items", "answers", "metric", "judge"];
  const rows = BENCHMARK_IDS.map((id) => {
    const { split, items, answers, metric, judge } = BENCHMARKS[id];
    return [id, split, String(items), answers, metric, judge];
  });
  return tableOf([head, ...rows]);
}

function licenceTable(): string {
  const rows = BENCHMARK_IDS.map((id) => [id, BENCHMARKS[id].licence]);
  const note = `checked ${LICENCES_CHECKED}; the terms of the data set's own page apply`;
  return `${tableOf(rows)}${note}\n`;
}
