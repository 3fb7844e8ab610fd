import { type Command, Option } from "commander";
import { defined } from "../core/defined.ts";
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
import {
  type DocumentFlags,
  documentSettings,
  type ImageFlags,
  imageSettings,
  withDocumentOptions,
  withImageOptions,
} from "./media-options.ts";
import { openEngine } from "./open-engine.ts";
import { type EngineFlags, withEngineOptions } from "./options.ts";
import { wholeBetween, wholeNumber } from "./parsers.ts";
import { openTerminal, printable, type Terminal } from "./terminal.ts";

interface ExtractFlags extends EngineFlags, ImageFlags, DocumentFlags {
  readonly schema?: string;
  readonly listSchemas?: boolean;
  readonly out: string;
  readonly as?: ResultFormat;
  readonly maxTokens?: number;
  readonly instruction?: string;
  readonly concurrency: number;
  readonly resume: boolean;
  readonly csvBom?: boolean;
}

export function addExtract(program: Command): void {
  const command = program
    .command("extract")
    .summary("extract data from documents: images, PDFs and folders of them")
    .description(
      "Writes JSON that follows a schema for each document, page by page. The same command " +
        "continues a run that was interrupted. File types are detected by content. Exit status: " +
        "0 if every file was read, else 1; the terminal, the results and the report say why.",
    )
    .argument("[files...]", "documents, or folders, in which every file is read or reported")
    .option(
      "--schema <name|file>",
      "JSON Schema file, or the name of a schema that comes with vireo",
    )
    .option("--list-schemas", "list the schemas that come with vireo")
    .option(
      "-o, --out <path>",
      "folder for the results, or a .jsonl, .csv, .xlsx or .md file",
      "extracted",
    )
    .addOption(
      new Option(
        "--as <format>",
        "format of the results (default: from the ending of --out, else jsonl)",
      ).choices(RESULT_FORMATS),
    )
    .option("-n, --max-tokens <n>", "maximum tokens per page (default: 4096)", wholeNumber)
    .option("--instruction <text>", "instruction to the model besides the schema")
    .option("--concurrency <n>", "documents in progress at once, 1 to 64", wholeBetween(1, 64), 2)
    .option("--csv-bom", "begin CSV with a byte order mark, which Excel needs for UTF-8")
    .option("--no-resume", "start again instead of continuing an earlier run")
    .optionsGroup("Media:");
  withDocumentOptions(withImageOptions(command));
  withEngineOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  vireo extract invoices/ --schema invoice
  vireo extract scan.pdf --pages 1-2 --schema my-schema.json --out scan.jsonl
  vireo extract cards/ --schema id-card --out cards.csv
  vireo extract report.pdf --schema table --out tables.xlsx`,
    )
    .action(async (files: string[], flags: ExtractFlags) => {
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
  const { maxTokens, instruction, out, concurrency, resume, csvBom } = flags;
  if (flags.schema === undefined || paths.length === 0) {
    const message = "extract needs files and a schema: vireo extract scans/ --schema invoice";
    throw new VireoError("missing_required", message);
  }
  const schema = await readSchema(flags.schema);
  const files = await listDocuments(paths, out);
  const terminal = openTerminal(process.stderr);
  const engine = await openEngine(flags, terminal, {});
  const note = "interrupted; run the same command to continue";
  try {
    await interruptible(terminal, note, async (signal) => {
      const result = await extractFiles(engine, files, {
        schema,
        out,
        format: flags.as ?? formatOf(out),
        concurrency,
        resume,
        ...defined({ csvBom, maxTokens, instruction }),
        ...documentSettings(flags),
        ...imageSettings(flags),
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
  terminal.note(terminal.dim(`report with each page beside its values: ${report}`));
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
