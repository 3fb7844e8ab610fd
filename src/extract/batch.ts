// Many files, one after the other or a few at once, such that the process may be killed at any time
// and started again: what was answered is on disk before the next page is asked for.

import { createHash } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { Upstream } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { csvHead, csvLayout, csvRows, toLine } from "./csv.ts";
import { type Extraction, type ExtractOptions, extract, type PageAnswer } from "./extract.ts";
import { REPORT_END, reportDocument, reportFailure, reportHead } from "./report.ts";
import { checkSheets, type FoundData, holdsTables, sheetsOf, toMarkdown } from "./sheets.ts";
import { readUserFile, refuse, writeAtomically } from "./user-files.ts";
import { toXlsx } from "./xlsx.ts";

export const RESULT_FORMATS = ["jsonl", "csv", "xlsx", "md"] as const;
export type ResultFormat = (typeof RESULT_FORMATS)[number];

export interface BatchOptions extends Omit<ExtractOptions, "known" | "onPage" | "onPicture"> {
  /** Folder for results, or a file of such an ending, beside which `<file>.parts` is made. */
  readonly out: string;
  readonly format: ResultFormat;
  /** Documents at once. */
  readonly concurrency: number;
  /** False: what is there from an earlier run is not used. */
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
  /** Of those, done by an earlier run. */
  readonly known: number;
  readonly failures: readonly { readonly file: string; readonly reason: string }[];
  readonly results: string;
  readonly report: string;
}

interface Job {
  readonly file: string;
  readonly folder: string;
  /** Equal names, equal file, schema, model and options. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const ENDINGS = /\.(pdf|png|jpe?g|webp|tiff?|bmp|gif|avif)$/i;

/** Files as they are named, and the documents in folders, in the order of their names. */
export async function listDocuments(paths: readonly string[]): Promise<string[]> {
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
    const documents = names.filter((name) => ENDINGS.test(name)).map((name) => join(path, name));
    for (const file of documents.sort()) if (await isFileAt(file)) files.push(file);
  }
  if (files.length === 0) {
    const text = `there is no PDF, TIFF or other picture in ${paths.join(", ")}`;
    throw new VireoError("invalid_option", text);
  }
  return [...new Set(files)];
}

/**
 * Extracts every file and writes the results, one line or row after the other, and report.html in
 * the same folder, or, where the results are a file, a report named after it.
 *
 * Each document has a JSON file, written aside and renamed when it is whole; a second run takes
 * it from there, and asks only for pages that are not answered yet. A file that cannot be
 * read is named in the result and does not stop the others.
 *
 * Throws what cannot be written, invalid_schema, and the signal's reason.
 */
export async function extractFiles(
  upstream: Upstream,
  files: readonly string[],
  options: BatchOptions,
): Promise<BatchResult> {
  if (options.format !== "jsonl") checkSheets(options.schema);
  const isFile = /\.(jsonl|csv|xlsx|md)$/i.test(options.out);
  const folder = isFile ? `${options.out}.parts` : join(options.out, "documents");
  await mkdir(folder, { recursive: true }).catch((cause) => refuse("write", folder, cause));
  const state = { done: 0, known: 0, next: 0 };
  const names: (string | undefined)[] = files.map(() => undefined);
  const failures: { file: string; reason: string; index: number }[] = [];
  const work = async (): Promise<void> => {
    for (let index = state.next++; index < files.length; index = state.next++) {
      const file = files[index]!;
      try {
        const job = await openJob(upstream, file, folder, options);
        names[index] = job.name;
        if (!options.resume) await forget(job);
        if (await isFileAt(join(folder, `${job.name}.json`))) state.known += 1;
        else await runJob(upstream, job, options, (page, pages) => tell(file, page, pages));
      } catch (error) {
        if (!(error instanceof VireoError) || options.signal?.aborted) throw error;
        if (STOPS.includes(error.code)) throw error;
        failures.push({ file, reason: error.message, index });
      }
      state.done += 1;
      tell(file, 0, 0);
    }
  };
  const tell = (file: string, page: number, pages: number): void => {
    options.onProgress?.({ documents: files.length, documentsDone: state.done, file, page, pages });
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
  failures.sort((a, b) => a.index - b.index);
  const results = isFile ? options.out : join(options.out, `results.${options.format}`);
  const report = isFile ? `${options.out}.report.html` : join(options.out, "report.html");
  const failed = new Set(failures.map(({ index }) => index));
  const parts = names.flatMap((name, index) => (name && !failed.has(index) ? [name] : []));
  await writeAtomically(results, resultLines(folder, parts, options));
  await writeAtomically(report, reportParts(folder, parts, failures));
  const { known } = state;
  return { documents: files.length, known, failures, results, report };
}

/** With these, there is no use in going on with other files. */
const STOPS: readonly string[] = ["invalid_schema", "engine_closed", "internal_error"];

async function openJob(
  upstream: Upstream,
  file: string,
  folder: string,
  options: BatchOptions,
): Promise<Job> {
  const bytes = await readUserFile(file, LIMITS.documentBytes);
  const model = upstream.models[0];
  const { schema, pages, dpi, tilesMax, exifOrientation, instruction, maxTokens } = options;
  const about = [file, schema, pages, dpi, tilesMax, exifOrientation, instruction, maxTokens];
  const key = JSON.stringify([...about, model?.id, model?.fingerprint]);
  const hash = createHash("sha256").update(key).update(bytes).digest("hex").slice(0, 16);
  const plain = basename(file, extname(file)).replace(/[^\p{L}\p{N}_.-]+/gu, "_");
  return { file, folder, name: `${cutTo(NAME_BYTES, plain)}-${hash}`, bytes };
}

/** Of a file's name in those of its results; file systems take 255 in all. */
const NAME_BYTES = 160;

/** The beginning of a text that has at most so many bytes of UTF-8. */
function cutTo(bytes: number, text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}

/** What an earlier run found of this document. */
async function forget({ folder, name }: Job): Promise<void> {
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
  const extraction = await extract(upstream, bytes, {
    ...options,
    known,
    onPage: async (answer, count) => {
      await appendFile(answered, `${JSON.stringify(answer)}\n`, { flush: true });
      onPage(answer.page, count);
    },
    onPicture: (page, jpeg) => void pictures.set(page, jpeg),
  });
  await writeAtomically(join(folder, `${name}.html`), [reportDocument(file, extraction, pictures)]);
  const result: DocumentResult = { file, ...extraction };
  await writeAtomically(join(folder, `${name}.json`), [`${JSON.stringify(result)}\n`]);
  await rm(answered, { force: true });
}

interface DocumentResult extends Extraction {
  readonly file: string;
}

/** A last line that was cut short by the end of a process is left out. */
async function readAnswers(path: string): Promise<Map<number, PageAnswer>> {
  const text = await readFile(path, "utf8").catch(() => "");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const lines = whole.split("\n").filter((line) => line !== "");
  const answers = lines.flatMap((line): PageAnswer[] => {
    try {
      return [JSON.parse(line) as PageAnswer];
    } catch {
      return []; // two halves of lines, from a process that ended within the first
    }
  });
  return new Map(answers.map((answer) => [answer.page, answer]));
}

async function* resultLines(
  folder: string,
  names: readonly string[],
  { format, schema }: BatchOptions,
): AsyncGenerator<string | Buffer> {
  const read = (name: string) => readFile(join(folder, `${name}.json`), "utf8");
  if (format === "jsonl") {
    for (const name of names) yield await read(name);
    return;
  }
  const parse = async (name: string) => JSON.parse(await read(name)) as DocumentResult;
  if (format === "csv" && !holdsTables(schema)) {
    const layout = csvLayout(schema);
    yield csvHead(layout);
    for (const name of names) {
      const { file, data } = await parse(name);
      yield* csvRows(layout, file, data);
    }
    return;
  }
  const found: FoundData[] = [];
  for (const name of names) {
    const { file, data } = await parse(name);
    found.push({ file, data });
  }
  const sheets = sheetsOf(schema, found);
  if (format === "xlsx") yield toXlsx(sheets);
  else if (format === "md") yield toMarkdown(sheets);
  else for (const { name, rows } of sheets) yield* rows.map((row) => toLine([name, ...row]));
}

async function* reportParts(
  folder: string,
  names: readonly string[],
  failures: BatchResult["failures"],
) {
  yield reportHead(`vireo extract: ${names.length} documents`);
  for (const { file, reason } of failures) yield reportFailure(file, reason);
  for (const name of names) yield await readFile(join(folder, `${name}.html`));
  yield REPORT_END;
}

async function isFileAt(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
