import { bytesText, formatInspection } from "../model/inspect.ts";
import type { ProbeResult } from "../text/template-probes.ts";
import type { CheckpointReport } from "./report.ts";

/** Expected speed of this machine with one format of the weights. */
export interface FormatSpeed {
  readonly format: string;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
}

const COLUMNS = 100;
const MAX_NAMED = 8;

/** Plain text for a terminal, at most 100 columns. */
export function formatReport(
  report: CheckpointReport,
  speeds: readonly FormatSpeed[] = [],
): string {
  const lines = [
    report.dir,
    ...(report.identity === undefined ? [] : [`  is served as ${report.identity.id}`]),
    "",
    ...fileLines(report),
    ...configLines(report),
    ...tensorLines(report),
    ...quantisationLines(report),
    ...textLines(report),
    ...(report.contents === undefined
      ? []
      : [...formatInspection(report.contents).trimEnd().split("\n").slice(1), ""]),
    ...machineLines(report, speeds),
    ...verdictLines(report),
  ];
  return `${lines.map(cut).join("\n")}\n`;
}

function fileLines({ files, shards }: CheckpointReport): string[] {
  const rows = files.map(({ name, bytes, note, needed }) => {
    const size = bytes === undefined ? (needed ? "MISSING" : "none") : bytesText(bytes);
    return `  ${name.padEnd(34)}${size.padStart(10)}${note === undefined ? "" : `  ${note}`}`;
  });
  const weights = shards.map(({ name, bytes, problem }) => {
    const size = bytes === undefined ? "MISSING" : bytesText(bytes);
    return `  ${name.padEnd(34)}${size.padStart(10)}${bytes && problem ? `  ${problem}` : ""}`;
  });
  return ["Files", ...rows, ...weights, ""];
}

function configLines({ fields }: CheckpointReport): string[] {
  if (fields.length === 0) return [];
  const wrong = fields.filter(({ problem }) => problem !== undefined);
  const stated = fields.filter(({ value, problem }) => value !== "absent" && problem === undefined);
  return [
    `Config      ${fields.length - wrong.length} of ${fields.length} fields are supported`,
    ...wrong.map(({ key, value, supported }) => `  ${key}: ${value}; supported: ${supported}`),
    ...stated.map(({ key, value }) => `  ${key} ${value}`),
    "",
  ];
}

function tensorLines({ tensors }: CheckpointReport): string[] {
  if (tensors === undefined) return [];
  const { found, problems, ignored, unknown } = tensors;
  const missing = problems.filter((problem) => problem.found === undefined);
  const wrong = problems.length - missing.length;
  return [
    `Tensors     ${found} found, ${missing.length} missing, ${wrong} wrong, ` +
      `${ignored.length} ignored, ${unknown.length} unknown`,
    ...listed(problems, ({ name, found: is, expected }) => {
      return `  ${is === undefined ? "missing" : `is ${is}`}: ${name} ${expected}`;
    }),
    ...listed(ignored, ({ name, kind }) => `  ignored: ${name} (${kind})`),
    ...listed(unknown, (name) => `  unknown: ${name}`),
    "",
  ];
}

function quantisationLines({ quantisation }: CheckpointReport): string[] {
  if (quantisation === undefined) return [];
  const { stated, excluded, stored, disagreements } = quantisation;
  const counts = Object.entries(stored).map(([format, count]) => `${count} ${format}`);
  const rule = stated === undefined ? "no quantisation is stated" : `${stated} is stated`;
  return [
    `Quantised   ${counts.join(", ")} matrices; ${rule}`,
    ...(excluded.length === 0 ? [] : [`  but for ${excluded.join(", ")}`]),
    ...listed(disagreements, (one) => `  ${one.name} is ${one.stored}, stated ${one.stated}`),
    "",
  ];
}

function textLines({ ends, videoPruningRate, template }: CheckpointReport): string[] {
  const tokens = ends.map(({ id, token, from }) => `  ${id} ${token} (${from.join(", ")})`);
  const rate = videoPruningRate ?? 0;
  const evs =
    rate > 0
      ? `EVS drops ${rate} of their tokens; --video-pruning-rate 0 turns it off`
      : "EVS is off (video_pruning_rate 0 or absent)";
  return [
    ...(tokens.length === 0 ? [] : ["Ends        tokens that end an answer", ...tokens]),
    `Videos      ${evs}`,
    ...(template === undefined
      ? ["Template    cannot be used"]
      : [
          `Template    ${template.origin === "checkpoint" ? "the checkpoint's" : "built-in"}, ` +
            `reasoning by ${template.reasoningSwitch}`,
          "  c: control tokens, t: text, i: an image, v: a video",
          ...template.probes.flatMap(probeLines),
        ]),
    "",
  ];
}

function probeLines({ name, shape, problem, line }: ProbeResult): string[] {
  const place = line === undefined ? "" : ` (line ${line})`;
  if (problem !== undefined) return [`  FAILS ${name}${place}: ${problem}`];
  if (shape === undefined) return [];
  const { controlTokens, textTokens, images, videos, layout, end } = shape;
  const counts = `${controlTokens} + ${textTokens}`;
  const media = `${images}i ${videos}v`;
  const last = end.split("\n").slice(-2).join("\\n");
  return [`  ${name.padEnd(20)}${counts.padStart(9)}  ${media}  ${layout}  …${last}`];
}

function machineLines(
  { contents, machineBytes }: CheckpointReport,
  speeds: readonly FormatSpeed[],
): string[] {
  if (contents === undefined) return [];
  const rows = contents.memory
    .filter(({ format }) => contents.loadsAs.includes(format))
    .map(({ format, totalBytes }) => {
      const fits = totalBytes < machineBytes ? "fits" : "does not fit";
      const speed = speeds.find((one) => one.format === format);
      const rates = speed
        ? `, about ${rounded(speed.prefillTokensPerSecond)} prompt and ` +
          `${rounded(speed.decodeTokensPerSecond)} answer tokens/s`
        : "";
      return `  ${format.padEnd(8)}${bytesText(totalBytes).padStart(10)} ${fits}${rates}`;
    });
  return [`This machine has ${bytesText(machineBytes)} of memory`, ...rows, ""];
}

function verdictLines({ works, problems, notes }: CheckpointReport): string[] {
  return [
    ...notes.map((note) => `Note: ${note}`),
    works ? "It will work." : "It will not work as it is:",
    ...problems.map((problem) => `- ${problem}`),
  ];
}

function listed<T>(items: readonly T[], text: (item: T) => string): string[] {
  const more = items.length - MAX_NAMED;
  const lines = items.slice(0, MAX_NAMED).map(text);
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}

function rounded(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toPrecision(2);
}

function cut(line: string): string {
  return line.length > COLUMNS && !line.startsWith("- ") ? `${line.slice(0, COLUMNS - 1)}…` : line;
}
