// Checks a checkpoint folder part by part; a fault of one part does not hide the others.

import { join } from "node:path";
import { LIMITS } from "../core/limits.ts";
import { findImageIds } from "../inputs/preparer.ts";
import { readTemplate } from "../inputs/text-files.ts";
import type { TensorProblem } from "../model/find-tensors.ts";
import { type Inspection, inspectPlan } from "../model/inspect.ts";
import { identify, type ModelIdentity } from "../model/model-identity.ts";
import { surveyTensors } from "../model/names.ts";
import type { FieldCheck } from "../model/supported.ts";
import { kindOfUnused } from "../model/unused-tensors.ts";
import { machineBytes } from "../runtime/memory.ts";
import { type OpenedTemplate, openTemplate } from "../text/open-template.ts";
import { openTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import { readJsonFile } from "../weights/json.ts";
import { type ShardSurvey, surveyCheckpointFiles } from "../weights/survey.ts";
import { type ConfigReport, inspectConfig, messageOf } from "./config.ts";
import { type EndToken, endTokens } from "./ends.ts";
import { type FileReport, listFiles } from "./files.ts";
import { inspectQuantisation, type QuantisationReport } from "./quantisation.ts";

export interface TensorReport {
  /** Number of tensors that the network uses and that are correct. */
  readonly found: number;
  readonly problems: readonly TensorProblem[];
  /** Unused tensors that are known by name. */
  readonly ignored: readonly { readonly name: string; readonly kind: string }[];
  /** Unused tensors that are unknown: the checkpoint is refused. */
  readonly unknown: readonly string[];
}

export interface TemplateReport extends Pick<OpenedTemplate, "origin" | "probes"> {
  readonly reasoningSwitch: OpenedTemplate["reasoningSwitch"];
}

export interface CheckpointReport {
  readonly dir: string;
  /** True if the checkpoint opens and every kind of request is answered. */
  readonly works: boolean;
  /** Problems, one sentence each. */
  readonly problems: readonly string[];
  /** Facts that prevent nothing but may matter. */
  readonly notes: readonly string[];
  readonly identity?: Pick<ModelIdentity, "id" | "published">;
  readonly files: readonly FileReport[];
  readonly shards: readonly ShardSurvey[];
  readonly fields: readonly FieldCheck[];
  readonly tensors?: TensorReport;
  readonly quantisation?: QuantisationReport;
  readonly ends: readonly EndToken[];
  readonly videoPruningRate?: number;
  readonly template?: TemplateReport;
  /** Parts, formats and memory; missing tensors count with their expected size. */
  readonly contents?: Inspection;
  readonly machineBytes: number;
}

export interface InspectOptions {
  /** Memory of the target machine in bytes. Default: this machine. */
  readonly machineBytes?: number;
}

/**
 * Checks whether a checkpoint folder works on this machine. Reads only headers and small files, and
 * reports faults instead of throwing.
 *
 * @example
 * const report = await inspectFolder("models/mini");
 * if (!report.works) console.error(report.problems.join("\n"));
 */
export async function inspectFolder(
  dir: string,
  options: InspectOptions = {},
): Promise<CheckpointReport> {
  const survey = await surveyCheckpointFiles(dir);
  const files = await listFiles(dir);
  const config = await inspectConfig(dir, survey.index);
  const weights = config.sizes && (await inspectWeights(survey.index, config));
  const text = await inspectText(dir, config);
  const machine = options.machineBytes ?? machineBytes();
  const { sizes } = config;
  const identity = sizes && identify(dir, sizes);
  const problems = [
    ...files.filter(({ needed, bytes }) => needed && bytes === undefined).map(missingFile),
    ...(survey.problem === undefined ? [] : [survey.problem]),
    ...survey.shards.flatMap(({ name, problem }) => (problem ? [`${name}: ${problem}`] : [])),
    ...config.problems,
    ...config.fields.flatMap(({ problem }) => problem ?? []),
    ...(weights === undefined ? [] : tensorProblems(weights.tensors)),
    ...text.problems,
    ...memoryProblems(weights?.contents, machine),
  ];
  return {
    dir,
    works: problems.length === 0 && sizes !== undefined,
    problems: [...new Set(problems)],
    notes: notesOf(files, text, weights?.quantisation, identity?.published ?? false),
    ...(identity && { identity: { id: identity.id, published: identity.published } }),
    files,
    shards: survey.shards,
    fields: config.fields,
    ...weights,
    ends: text.tokenizer === undefined ? [] : endTokens(config, text.tokenizer),
    ...(sizes && { videoPruningRate: sizes.videoPruningRate }),
    ...(text.template && { template: text.template }),
    machineBytes: machine,
  };
}

interface WeightsReport {
  readonly tensors: TensorReport;
  readonly quantisation: QuantisationReport;
  readonly contents: Inspection;
}

async function inspectWeights(
  index: Parameters<typeof surveyTensors>[0],
  { sizes, raw }: ConfigReport,
): Promise<WeightsReport | undefined> {
  if (sizes === undefined) return undefined;
  const { plan, problems } = surveyTensors(index, sizes);
  const ignored = plan.ignored.flatMap((name) => {
    const kind = kindOfUnused(name);
    return kind === undefined ? [] : [{ name, kind }];
  });
  const unknown = plan.ignored.filter((name) => kindOfUnused(name) === undefined);
  const wrong = problems.filter(({ found }) => found !== undefined).length;
  const found = index.tensors.size - plan.ignored.length - wrong;
  return {
    tensors: { found, problems, ignored, unknown },
    quantisation: inspectQuantisation(
      plan,
      raw.config,
      raw.quantisation,
      new Set(problems.map(({ name }) => name)),
    ),
    contents: await inspectPlan(index, sizes, plan),
  };
}

interface TextReport {
  readonly tokenizer?: Tokenizer;
  readonly template?: TemplateReport;
  readonly problems: readonly string[];
}

async function inspectText(dir: string, { sizes, raw }: ConfigReport): Promise<TextReport> {
  const problems: string[] = [];
  let tokenizer: Tokenizer;
  try {
    const json = await readJsonFile(
      join(dir, "tokenizer.json"),
      LIMITS.checkpoint.tokenizerFileBytes,
    );
    if (json === undefined) return { problems }; // reported as a missing file
    tokenizer = openTokenizer(json, raw.tokenizer);
  } catch (error) {
    return { problems: [messageOf(error)] };
  }
  try {
    if (sizes !== undefined) findImageIds({ config: sizes }, { tokenizer });
  } catch (error) {
    problems.push(messageOf(error));
  }
  try {
    const opened = openTemplate(tokenizer, await readTemplate(dir, raw.tokenizer));
    const { origin, probes, reasoningSwitch } = opened;
    for (const { name, problem, line } of probes) {
      if (problem === undefined) continue;
      const place = line === undefined ? "" : `, line ${line}`;
      problems.push(`chat template at "${name}"${place}: ${problem}`);
    }
    return { tokenizer, template: { origin, probes, reasoningSwitch }, problems };
  } catch (error) {
    problems.push(messageOf(error));
    return { tokenizer, problems };
  }
}

function missingFile({ name, note }: FileReport): string {
  return `${name} is missing; it ${note}`;
}

const MAX_NAMED = 5;

function tensorProblems({ problems, unknown }: TensorReport): string[] {
  const named = problems.slice(0, MAX_NAMED).map(({ name, expected, found }) => {
    return `tensor "${name}" is ${found ?? "missing"}; expected ${expected}`;
  });
  const more = problems.length - named.length;
  const strange = unknown.slice(0, MAX_NAMED).map((name) => `tensor "${name}" is not known`);
  const others = unknown.length - strange.length;
  return [
    ...named,
    ...(more > 0 ? [`${more} more tensors are missing or wrong`] : []),
    ...strange,
    ...(others > 0 ? [`${others} more tensors are not known`] : []),
  ];
}

/** Reports that no format of the checkpoint fits into memory. */
function memoryProblems(contents: Inspection | undefined, machine: number): string[] {
  if (contents === undefined) return [];
  const { memory, loadsAs } = contents;
  const bytes = memory.filter(({ format }) => loadsAs.includes(format)).map((m) => m.totalBytes);
  const smallest = Math.min(...bytes);
  if (smallest < machine) return [];
  const gigabytes = (n: number): string => `${(n / 1e9).toFixed(1)} GB`;
  return [`needs ${gigabytes(smallest)} at least; this machine has ${gigabytes(machine)}`];
}

function notesOf(
  files: readonly FileReport[],
  { template }: TextReport,
  quantisation: QuantisationReport | undefined,
  published: boolean,
): string[] {
  const tokenizer = files.find(({ name }) => name === "tokenizer.json");
  const differs = published && tokenizer?.note?.startsWith("differs") === true;
  const wrong = quantisation?.disagreements ?? [];
  const first = wrong[0];
  return [
    ...(template?.probes ?? []).flatMap(({ note }) => (note ? [`the chat template ${note}`] : [])),
    ...(differs ? ["tokenizer.json differs from the published one"] : []),
    ...(template?.origin === "builtin"
      ? ["no chat template: the family's built-in one writes the prompts"]
      : []),
    ...(first === undefined
      ? []
      : [
          `${wrong.length} matrices are stored otherwise than the quantisation file states, as ` +
            `${first.name}: ${first.stored}, stated ${first.stated}; the stored format is used`,
        ]),
  ];
}
