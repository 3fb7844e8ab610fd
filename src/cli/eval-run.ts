import { join } from "node:path";
import type { Command } from "commander";
import { type Dataset, openDataset } from "../eval/dataset.ts";
import { PAGES } from "../eval/pages.ts";
import { summariseRun } from "../eval/run/summary.ts";
import { type Job, jobsOf, runJob } from "./eval-job.ts";
import { type EvalFlags, withEvalOptions } from "./eval-options.ts";
import { showSummary } from "./eval-tables.ts";
import { openTarget } from "./eval-target.ts";
import { interruptible } from "./interruptible.ts";
import { withVideoOptions } from "./media-options.ts";
import { withEngineOptions } from "./options.ts";
import { openTerminal } from "./terminal.ts";

interface RunFlags extends EvalFlags {
  readonly out: string;
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
    .option("-o, --out <dir>", "folder for the answers and scores", "eval-runs");
  const options = withEvalOptions(command);
  withEngineOptions(withVideoOptions(options.optionsGroup("Videos:"))).action(
    async (names: string[], flags: RunFlags) => run(jobsOf(names, flags), flags),
  );
}

async function run(jobs: readonly Job[], flags: RunFlags): Promise<void> {
  const terminal = openTerminal(process.stderr);
  const datasets = new Map<Job, Dataset>();
  for (const job of jobs) datasets.set(job, await openDataset(job.benchmark, job.data));
  const target = await openTarget(flags, terminal);
  try {
    const note = "interrupted; run the same command to continue";
    await interruptible(terminal, note, async (signal) => {
      for (const job of jobs) {
        const folder = join(flags.out, job.benchmark);
        await runJob(job, datasets.get(job)!, { flags, folder, target, terminal, signal });
        process.stdout.write(showSummary(await summariseRun(folder)));
      }
    });
  } finally {
    await target.close();
  }
}
