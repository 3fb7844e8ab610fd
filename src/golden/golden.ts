import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Backend } from "../backends/backend.ts";
import { openBackend } from "../backends/open.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { openTextFiles, type TextFiles } from "../inputs/text-files.ts";
import { loadModel, type Model } from "../model/load.ts";
import { type CaseFile, openCase } from "./case-files.ts";
import { BF16_RELATIVE_NORM_VIDEO, Comparison, type Precision } from "./comparison.ts";
import { compareLanguage } from "./language.ts";
import { comparePreprocessing, compareTiling } from "./media.ts";
import { compareMultimodal } from "./multimodal.ts";
import { compareLinears, compareTables } from "./quantised.ts";
import { compareChat, compareTokenizer } from "./text.ts";
import { compareEvs, compareVideo } from "./video.ts";
import { compareVision } from "./vision.ts";

export interface GoldenOptions {
  /** The BF16 checkpoint; the quantised ones lie beside it. */
  readonly checkpoint: string;
  readonly cases: string;
  readonly backend: "cpu" | "reference";
  /** Kernel set of the cpu backend. Default: the fastest of this CPU. */
  readonly kernelSet?: string;
  readonly threads?: number;
  /** exact: float32 activations and KV cache. bf16: as in production. */
  readonly precision: Precision | "both";
}

export interface GoldenTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const ARENA_BYTES = 512 * 1024 * 1024;
const SHOWN_FAILURES = 3;

/** Resources that cases share, opened once per precision. */
interface Resources {
  readonly backend: Backend;
  readonly options: GoldenOptions;
  readonly text: TextFiles;
  readonly models: Map<string, Promise<Model>>;
}

type Compare = (
  resources: Resources,
  file: CaseFile,
  comparison: Comparison,
) => void | Promise<void>;

interface Kind {
  readonly names: RegExp;
  /** False: no result depends on the precision of activations. */
  readonly perPrecision: boolean;
  readonly compare: Compare | { readonly skip: string };
  /** Bound of the bf16 precision. */
  readonly maxRelativeNorm?: number;
}

const KINDS: readonly Kind[] = [
  kind(/^llm-/, true, async ({ backend, ...resources }, file, comparison) =>
    compareLanguage(backend, await modelOf(backend, resources), file, comparison),
  ),
  kind(/^quant-.*-llm$/, true, async ({ backend, ...resources }, file, comparison) =>
    compareLanguage(backend, await modelOf(backend, resources, file), file, comparison),
  ),
  kind(/^quant-.*-linears$/, true, ({ backend, options }, file, comparison) =>
    compareLinears(backend, checkpointOf(options, file), file, comparison),
  ),
  kind(/^quant-tables$/, false, (_, file, comparison) => compareTables(file, comparison)),
  kind(/^vision-nonsquare/, false, {
    skip: "all tiles are square",
  }),
  kind(/^vision-/, true, async ({ backend, ...resources }, file, comparison) =>
    compareVision(backend, await modelOf(backend, resources), file, comparison),
  ),
  kind(/^mm-/, true, async ({ backend, text, ...resources }, file, comparison) =>
    compareMultimodal(backend, await modelOf(backend, resources), text, file, comparison),
  ),
  kind(/^tiling$/, false, (_, file, comparison) => compareTiling(file, comparison)),
  kind(/^preprocess-/, false, async ({ backend, ...resources }, file, comparison) =>
    comparePreprocessing(backend, (await modelOf(backend, resources)).config, file, comparison),
  ),
  kind(/^tokenizer$/, false, ({ text }, file, comparison) =>
    compareTokenizer(text, file, comparison),
  ),
  kind(/^chat$/, false, ({ text }, file, comparison) => compareChat(text, file, comparison)),
  kind(/^evs$/, false, ({ backend }, file, comparison) => compareEvs(backend, file, comparison)),
  {
    ...kind(/^video-/, true, async ({ backend, text, ...resources }, file, comparison) =>
      compareVideo(backend, await modelOf(backend, resources), text, file, comparison),
    ),
    maxRelativeNorm: BF16_RELATIVE_NORM_VIDEO,
  },
];

function kind(names: RegExp, perPrecision: boolean, compare: Kind["compare"]): Kind {
  return { names, perPrecision, compare };
}

/** Runs every case of a folder and prints a line for each, then the totals. */
export async function runGolden(
  options: GoldenOptions,
  print: (line: string) => void,
): Promise<GoldenTotals> {
  const names = await caseNames(options.cases);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const precisions: readonly Precision[] =
    options.precision === "both" ? ["exact", "bf16"] : [options.precision];
  const text = await openTextFiles(options.checkpoint);
  for (const precision of precisions) {
    const backend = await openBackend(options.backend, {
      exactActivations: precision === "exact",
      arenaBytes: ARENA_BYTES,
      ...defined({ kernelSet: options.kernelSet, threads: options.threads }),
    });
    try {
      const resources: Resources = { backend, options, text, models: new Map() };
      for (const name of names) {
        const found = KINDS.find((kind) => kind.names.test(name));
        if (precision !== precisions[0] && found?.perPrecision === false) continue;
        const outcome = await runCase(resources, name, found, precision);
        totals[outcome.status] += 1;
        print(outcome.line);
      }
    } finally {
      await backend.close();
    }
  }
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
  print(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  return totals;
}

async function caseNames(dir: string): Promise<string[]> {
  const files = await readdir(dir).catch(() => {
    throw new VireoError("invalid_option", `${dir} is not a readable folder`, { param: "cases" });
  });
  const names = files.filter((file) => file.endsWith(".json")).map((file) => file.slice(0, -5));
  const byNumber = new Intl.Collator("en", { numeric: true });
  if (names.length === 0) {
    throw new VireoError("invalid_option", `${dir} contains no cases`, { param: "cases" });
  }
  return names.sort(byNumber.compare);
}

interface Outcome {
  readonly status: "passed" | "failed" | "skipped";
  readonly line: string;
}

async function runCase(
  resources: Resources,
  name: string,
  found: Kind | undefined,
  precision: Precision,
): Promise<Outcome> {
  const { backend } = resources;
  const set =
    backend.name === backend.kernelSet ? backend.name : `${backend.name}/${backend.kernelSet}`;
  const where = found?.perPrecision === false ? set : `${set}/${precision}`;
  const head = `${name.padEnd(31)} ${where.padEnd(16)} `;
  if (!found) return { status: "failed", line: `${head}FAIL (unknown kind of case)` };
  if (typeof found.compare !== "function") {
    return { status: "skipped", line: `${head}skipped: ${found.compare.skip}` };
  }
  const comparison = new Comparison(precision, found.maxRelativeNorm);
  try {
    await found.compare(resources, await openCase(resources.options.cases, name), comparison);
  } catch (error) {
    comparison.fail(error instanceof Error ? error.message : String(error));
  }
  const line = `${head}${summary(comparison)}`;
  return { status: comparison.failures.length === 0 ? "passed" : "failed", line };
}

function summary({ absolute, relativeNorm, tensors, notes, failures }: Comparison): string {
  const errors = `max ${absolute.toExponential(1)}, rel ${relativeNorm.toExponential(1)}`;
  const parts = [...(tensors > 0 ? [errors.padEnd(26)] : []), ...notes];
  const shown = failures.slice(0, SHOWN_FAILURES).join("; ");
  const more = failures.length - SHOWN_FAILURES;
  const verdict =
    failures.length === 0 ? "PASS" : `FAIL (${shown}${more > 0 ? `; ${more} more` : ""})`;
  return [...parts, verdict].join("  ");
}

function checkpointOf({ checkpoint }: GoldenOptions, file: CaseFile | undefined): string {
  const name = file?.json.checkpoint;
  return typeof name === "string" ? join(dirname(checkpoint), name) : checkpoint;
}

function modelOf(
  backend: Backend,
  { options, models }: Pick<Resources, "options" | "models">,
  file?: CaseFile,
): Promise<Model> {
  const dir = checkpointOf(options, file);
  const model = models.get(dir) ?? loadModel(backend, dir);
  models.set(dir, model);
  return model;
}
