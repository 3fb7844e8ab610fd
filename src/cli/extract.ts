import { type Command, Option } from "commander";
import type { ExifOrientation } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import {
  type BatchProgress,
  type BatchResult,
  extractFiles,
  listDocuments,
  RESULT_FORMATS,
  type ResultFormat,
} from "../extract/batch.ts";
import { listSchemas, readSchema } from "../extract/schemas.ts";
import { interruptible } from "./interruptible.ts";
import { openEngine } from "./open-engine.ts";
import {
  dotsPerInch,
  type EngineFlags,
  exifOrientation,
  wholeBetween,
  wholeNumber,
  withEngineOptions,
} from "./options.ts";
import { openTerminal, printable, type Terminal } from "./terminal.ts";

interface ExtractFlags extends EngineFlags {
  readonly schema?: string;
  readonly listSchemas?: boolean;
  readonly out: string;
  readonly as?: ResultFormat;
  readonly pages?: string;
  readonly dpi?: number;
  readonly maxTokens?: number;
  readonly maxTiles?: number;
  readonly exifOrientation?: ExifOrientation;
  readonly instruction?: string;
  readonly concurrency: number;
  readonly resume: boolean;
  readonly csvBom?: boolean;
}

export function addExtract(program: Command): void {
  const command = program
    .command("extract")
    .summary("make data of documents: pictures, PDFs and folders of them")
    .description(
      "Answers JSON of a schema for each document, page by page. A run that was ended in the " +
        "middle goes on where it was when it is started again. What a file is, is told by its " +
        "bytes. Exit status: 0 if every file was read, 1 if one was not; the terminal, the " +
        "results and the report say why.",
    )
    .argument("[files...]", "documents, or folders, of which every file is read or named")
    .option("--schema <name|file>", "a JSON Schema, or the name of one that comes with vireo")
    .option("--list-schemas", "show which schemas come with vireo")
    .option(
      "-o, --out <path>",
      "folder for results, or a .jsonl, .csv, .xlsx or .md file",
      "extracted",
    )
    .addOption(
      new Option("--as <format>", "how results are written (default: as --out ends)").choices(
        RESULT_FORMATS,
      ),
    )
    .option("--pages <list>", 'pages of each document, as "1-3,7" (default: all)')
    .option("--dpi <n>", "dots per inch for pages of PDFs (default: 150)", dotsPerInch)
    .option("-n, --max-tokens <n>", "longest answer for a page (default: 4096)", wholeNumber)
    .option("--max-tiles <n>", "tiles per page, 1 to 12", wholeBetween(1, 12))
    .addOption(exifOrientation())
    .option("--instruction <text>", "what to say to the model besides the schema")
    .option("--concurrency <n>", "documents at once", wholeBetween(1, 64), 2)
    .option("--csv-bom", "begin CSV with a byte order mark, as Excel wants it")
    .option("--no-resume", "begin from the beginning")
    .addHelpText(
      "after",
      `
Examples:
  vireo extract invoices/ --schema invoice
  vireo extract scan.pdf --pages 1-2 --schema my-schema.json --out scan.jsonl
  vireo extract cards/ --schema id-card --out cards.csv
  vireo extract report.pdf --schema table --out tables.xlsx`,
    );
  withEngineOptions(command).action(async (files: string[], flags: ExtractFlags) => {
    if (flags.listSchemas) await showSchemas();
    else await run(files, flags);
  });
}

async function showSchemas(): Promise<void> {
  for (const { name, description } of await listSchemas()) {
    process.stdout.write(`${name.padEnd(12)}${description}\n`);
  }
}

async function run(paths: readonly string[], flags: ExtractFlags): Promise<void> {
  const { pages, dpi, maxTokens, maxTiles, instruction, out, concurrency, resume } = flags;
  if (flags.schema === undefined || paths.length === 0) {
    const message = "extract needs files and a schema: vireo extract scans/ --schema invoice";
    throw new VireoError("missing_required", message);
  }
  const schema = await readSchema(flags.schema);
  const files = await listDocuments(paths, out);
  const terminal = openTerminal(process.stderr);
  const engine = await openEngine(flags, terminal, {});
  const note = "interrupted; the same command goes on from here";
  try {
    await interruptible(terminal, note, async (signal) => {
      const result = await extractFiles(engine, files, {
        schema,
        out,
        format: flags.as ?? formatOf(out),
        concurrency,
        resume,
        ...(flags.csvBom ? { csvBom: true } : {}),
        ...(pages === undefined ? {} : { pages }),
        ...(dpi === undefined ? {} : { dpi }),
        ...(maxTokens === undefined ? {} : { maxTokens }),
        ...(maxTiles === undefined ? {} : { maxTiles: maxTiles }),
        ...(flags.exifOrientation === undefined ? {} : { exifOrientation: flags.exifOrientation }),
        ...(instruction === undefined ? {} : { instruction }),
        onProgress: showProgress(terminal),
        signal,
      });
      showResult(terminal, result);
    });
  } finally {
    await engine.close();
  }
}

function showResult(terminal: Terminal, result: BatchResult): void {
  const { failures, documents, known, results, report } = result;
  for (const { file, reason } of failures) terminal.note(printable(`${file}: ${reason}`));
  const done = documents - failures.length;
  const before = known > 0 ? ` (${known} of them by an earlier run)` : "";
  terminal.note(`${done} of ${documents} files read${before}: ${results}`);
  terminal.note(terminal.dim(`pages beside their values: ${report}`));
  if (failures.length > 0) process.exitCode = 1;
}

function formatOf(out: string): ResultFormat {
  return RESULT_FORMATS.find((format) => out.toLowerCase().endsWith(`.${format}`)) ?? "jsonl";
}

const BAR_WIDTH = 24;

function showProgress(terminal: Terminal): (progress: BatchProgress) => void {
  const began = performance.now();
  return ({ documents, documentsDone, file, page, pages }) => {
    const filled = Math.round((documentsDone / documents) * BAR_WIDTH);
    const bar = "#".repeat(filled).padEnd(BAR_WIDTH, ".");
    const seconds = Math.round((performance.now() - began) / 1000);
    const where = page > 0 ? ` page ${page} of ${pages}` : "";
    const line = `[${bar}] ${documentsDone}/${documents} ${seconds} s ${file.slice(-40)}${where}`;
    terminal.progress(printable(line));
  };
}
