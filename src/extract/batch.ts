// Extracts many files with bounded concurrency. The process may be killed and restarted at any
// time: each answer is on disk before the next page is requested.

import { createHash } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, extname, join, resolve, sep } from "node:path";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { Upstream } from "../core/upstream.ts";
import { readUserFile, refuse, writeAtomically } from "../disk/user-files.ts";
import { csvError, csvHead, csvLayout, csvRows, toLine } from "./csv.ts";
import { type Extraction, type ExtractOptions, extract, type PageAnswer } from "./extract.ts";
import { REPORT_END, reportDocument, reportFailure, reportHead } from "./report.ts";
import {
  checkSheets,
  type FoundData,
  holdsTables,
  type Sheet,
  sheetsOf,
  toMarkdown,
} from "./sheets.ts";
import { toXlsx } from "./xlsx.ts";

export const RESULT_FORMATS = ["jsonl", "csv", "xlsx", "md"] as const;
export type ResultFormat = (typeof RESULT_FORMATS)[number];

export interface BatchOptions extends Omit<ExtractOptions, "known" | "pictures"> {
  /** Folder for results, or a file with the format's extension; its folder is `<file>.parts`. */
  readonly out: string;
  readonly format: ResultFormat;
  /** True: CSV begins with a byte order mark, so that Excel recognises UTF-8. */
  readonly csvBom?: boolean;
  /** Number of documents in progress at once. */
  readonly concurrency: number;
  /** False: results of an earlier run are discarded. */
  readonly resume: boolean;
  readonly onProgress?: (progress: BatchProgress) => void;
}

export interface BatchProgress {
  readonly documents: number;
  readonly documentsDone: number;
  readonly file: string;
  /** Pages of that file; both are 0 when the file is done. */
  readonly page: number;
  readonly pages: number;
}

export interface BatchResult {
  readonly documents: number;
  /** Documents that an earlier run has completed. */
  readonly known: number;
  readonly failures: readonly UnreadFile[];
  readonly results: string;
  readonly report: string;
}

/** A file from which nothing was extracted. */
export interface UnreadFile {
  readonly file: string;
  readonly code: string;
  readonly reason: string;
}

interface Job {
  readonly file: string;
  readonly folder: string;
  /** Includes a hash of the file, schema, model and options. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Files of operating systems, and results of an earlier run. */
const NOT_LISTED = /^(\.|Thumbs\.db$|desktop\.ini$)|-[0-9a-f]{16}\.(json|pages|html)$/i;

/**
 * Lists the given files and all files in the given folders, sorted by name. Formats are checked
 * later, by content. Hidden files and results of a run with the same `out` are skipped.
 */
export async function listDocuments(paths: readonly string[], out?: string): Promise<string[]> {
  const written = out === undefined ? [] : resultFiles(out);
  const files: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch((cause) => refuse("read", path, cause));
    if (!found.isDirectory()) {
      files.push(path);
      continue;
    }
    const names = await readdir(path, { recursive: true }).catch((cause) => {
      return refuse("read", path, cause);
    });
    const listed = names.filter((name) => !name.split(sep).some((part) => NOT_LISTED.test(part)));
    for (const file of listed.map((name) => join(path, name)).sort()) {
      if (!written.includes(resolve(file)) && (await isFileAt(file))) files.push(file);
    }
  }
  if (files.length === 0) {
    const text = `there is no file in ${paths.join(", ")}; name files, or folders that hold some`;
    throw new VireoError("invalid_option", text);
  }
  return [...new Set(files)];
}

function isFileName(out: string): boolean {
  return /\.(jsonl|csv|xlsx|md)$/i.test(out);
}

function resultFiles(out: string): string[] {
  const files = isFileName(out)
    ? [out, `${out}.report.html`]
    : [join(out, "report.html"), ...RESULT_FORMATS.map((format) => join(out, `results.${format}`))];
  return files.map((file) => resolve(file));
}

/**
 * Extracts every file and writes the results and an HTML report. The report is `report.html` in
 * the folder, or `<file>.report.html` if `out` is a file.
 *
 * Each document has a JSON file, written atomically. A second run reuses it, and requests only
 * pages without an answer. A file that cannot be read is listed in the results and does not stop
 * the others.
 *
 * Throws invalid_option if results cannot be written, invalid_schema, and the signal's reason.
 */
export async function extractFiles(
  upstream: Upstream,
  files: readonly string[],
  options: BatchOptions,
): Promise<BatchResult> {
  if (options.format !== "jsonl") checkSheets(options.schema);
  const isFile = isFileName(options.out);
  const folder = isFile ? `${options.out}.parts` : join(options.out, "documents");
  await mkdir(folder, { recursive: true }).catch((cause) => refuse("write", folder, cause));
  const state = { done: 0, known: 0, next: 0 };
  const entries: Entry[] = [];
  const work = async (): Promise<void> => {
    for (let index = state.next++; index < files.length; index = state.next++) {
      const file = files[index]!;
      try {
        const job = await openJob(upstream, file, folder, options);
        if (!options.resume) await discardResults(job);
        if (await isFileAt(join(folder, `${job.name}.json`))) state.known += 1;
        else await runJob(upstream, job, options, (page, pages) => report(file, page, pages));
        entries[index] = { file, name: job.name };
      } catch (error) {
        if (!(error instanceof VireoError) || options.signal?.aborted) throw error;
        if (FATAL_CODES.includes(error.code)) throw error;
        entries[index] = { file, code: error.code, reason: error.message };
      }
      state.done += 1;
      report(file, 0, 0);
    }
  };
  const report = (file: string, page: number, pages: number): void => {
    options.onProgress?.({ documents: files.length, documentsDone: state.done, file, page, pages });
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
  const results = isFile ? options.out : join(options.out, `results.${options.format}`);
  const reportFile = isFile ? `${options.out}.report.html` : join(options.out, "report.html");
  await writeAtomically(results, resultLines(folder, entries, options));
  await writeAtomically(reportFile, reportParts(folder, entries));
  const failures = entries.filter(isUnread);
  const { known } = state;
  return { documents: files.length, known, failures, results, report: reportFile };
}

/** The outcome for a file: the name of its results, or the reason why there are none. */
type Entry = UnreadFile | { readonly file: string; readonly name: string };

function isUnread(entry: Entry): entry is UnreadFile {
  return "reason" in entry;
}

/** Errors that would affect all other files as well. */
const FATAL_CODES: readonly string[] = [
  "invalid_schema",
  "engine_closed",
  "internal_error",
  "storage_unavailable",
];

async function openJob(
  upstream: Upstream,
  file: string,
  folder: string,
  options: BatchOptions,
): Promise<Job> {
  const bytes = await readUserFile(file, LIMITS.document.bytes);
  const model = upstream.models[0];
  const { schema, pages, dpi, maxTiles, exifOrientation, instruction, maxTokens } = options;
  const about = [file, schema, pages, dpi, maxTiles, exifOrientation, instruction, maxTokens];
  const key = JSON.stringify([...about, model?.id, model?.fingerprint]);
  const hash = createHash("sha256").update(key).update(bytes).digest("hex").slice(0, 16);
  const plain = basename(file, extname(file)).replace(/[^\p{L}\p{N}_.-]+/gu, "_");
  return { file, folder, name: `${cutTo(NAME_BYTES, plain)}-${hash}`, bytes };
}

/** Bytes of the document's name in the names of its results; file systems allow 255 in total. */
const NAME_BYTES = 160;

/** The longest prefix of a text with at most `bytes` bytes of UTF-8. */
function cutTo(bytes: number, text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}

/** Deletes the results of an earlier run for this document. */
async function discardResults({ folder, name }: Job): Promise<void> {
  for (const ending of ["json", "pages"]) {
    await rm(join(folder, `${name}.${ending}`), { force: true });
  }
}

async function runJob(
  upstream: Upstream,
  { file, folder, name, bytes }: Job,
  options: BatchOptions,
  onPage: (page: number, pages: number) => void,
): Promise<void> {
  const answered = join(folder, `${name}.pages`);
  const known = await readAnswers(answered);
  const pictures = new Map<number, Buffer>();
  let extraction: Extraction | undefined;
  for await (const event of extract(upstream, bytes, { ...options, known, pictures: true })) {
    if (event.type === "end") extraction = event.extraction;
    else {
      const { answer, isKnown, count, picture } = event;
      if (!isKnown) {
        const line = `${JSON.stringify(answer)}\n`;
        await appendFile(answered, line, { flush: true }).catch((cause) => {
          return refuse("write", answered, cause);
        });
        onPage(answer.page, count);
      }
      if (picture) pictures.set(answer.page, picture);
    }
  }
  if (extraction === undefined) throw new VireoError("internal_error", "extraction has no end");
  await writeAtomically(join(folder, `${name}.html`), [reportDocument(file, extraction, pictures)]);
  const result: DocumentResult = { file, ...extraction };
  await writeAtomically(join(folder, `${name}.json`), [`${JSON.stringify(result)}\n`]);
  await rm(answered, { force: true });
}

interface DocumentResult extends Extraction {
  readonly file: string;
}

/** Reads answers of an earlier run; skips an incomplete last line. */
async function readAnswers(path: string): Promise<Map<number, PageAnswer>> {
  const text = await readFile(path, "utf8").catch(() => "");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const lines = whole.split("\n").filter((line) => line !== "");
  const answers = lines.flatMap((line): PageAnswer[] => {
    try {
      return [JSON.parse(line) as PageAnswer];
    } catch {
      return []; // a line that a killed process left incomplete, joined with the next one
    }
  });
  return new Map(answers.map((answer) => [answer.page, answer]));
}

async function* resultLines(
  folder: string,
  entries: readonly Entry[],
  options: BatchOptions,
): AsyncGenerator<string | Buffer> {
  const { format, schema } = options;
  const read = (name: string) => readFile(join(folder, `${name}.json`), "utf8");
  if (format === "jsonl") {
    for (const entry of entries) yield isUnread(entry) ? errorLine(entry) : await read(entry.name);
    return;
  }
  const parse = async (name: string) => JSON.parse(await read(name)) as DocumentResult;
  if (format === "csv" && options.csvBom) yield "\ufeff";
  if (format === "csv" && !holdsTables(schema)) {
    const layout = { ...csvLayout(schema), hasErrors: entries.some(isUnread) };
    yield csvHead(layout);
    for (const entry of entries) {
      if (isUnread(entry)) yield csvError(layout, entry.file, entry.reason);
      else yield* csvRows(layout, entry.file, (await parse(entry.name)).data);
    }
    return;
  }
  const found: FoundData[] = [];
  for (const entry of entries) {
    if (!isUnread(entry)) found.push({ file: entry.file, data: (await parse(entry.name)).data });
  }
  const sheets = [...sheetsOf(schema, found), ...unreadSheet(entries.filter(isUnread))];
  if (format === "xlsx") yield await toXlsx(sheets);
  else if (format === "md") yield toMarkdown(sheets);
  else for (const { name, rows } of sheets) yield* rows.map((row) => toLine([name, ...row]));
}

function errorLine({ file, code, reason }: UnreadFile): string {
  return `${JSON.stringify({ file, error: { code, message: reason } })}\n`;
}

/** A sheet of the files that could not be read; none if all were read. */
function unreadSheet(failures: readonly UnreadFile[]): Sheet[] {
  if (failures.length === 0) return [];
  const rows = failures.map(({ file, reason }) => [file, reason]);
  return [{ name: "not read", rows: [["file", "reason"], ...rows] }];
}

async function* reportParts(folder: string, entries: readonly Entry[]) {
  const failures = entries.filter(isUnread);
  yield reportHead(`vireo extract: ${entries.length - failures.length} documents`);
  for (const { file, reason } of failures) yield reportFailure(file, reason);
  for (const entry of entries) {
    if (!isUnread(entry)) yield await readFile(join(folder, `${entry.name}.html`));
  }
  yield REPORT_END;
}

async function isFileAt(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
