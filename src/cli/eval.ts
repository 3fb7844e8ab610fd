import type { Command } from "commander";
import { BENCHMARKS, LICENCES_CHECKED } from "../eval/benchmarks.ts";
import { BENCHMARK_IDS } from "../eval/types.ts";

export function addEval(program: Command): void {
  const command = program
    .command("eval")
    .summary("score a model on the benchmarks that it is known by")
    .description(
      "Scores a model on the benchmarks that it is known by, with the rules of their references. " +
        "vireo carries no benchmark data.",
    );
  command
    .command("list")
    .summary("list the benchmarks")
    .description("Lists the benchmarks with their size, metric and need of a judge model.")
    .option("--licences", "show the licence of each data set instead")
    .action(({ licences }: { licences?: boolean }) => {
      process.stdout.write(licences === true ? licenceTable() : benchmarkTable());
    });
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

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) => `${row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")}`.trimEnd())
    .map((line) => `${line}\n`)
    .join("");
}
