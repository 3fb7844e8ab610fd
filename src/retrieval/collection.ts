import { createHash } from "node:crypto";
import { mkdir, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { lockFolder } from "../disk/lock-folder.ts";
import { readUserFile, refuse } from "../disk/user-files.ts";
import type { Database } from "../storage/database.ts";
import { openSqlite } from "../storage/sqlite.ts";
import { type ReadDocument, readPages } from "./read-pages.ts";
import { MIGRATIONS } from "./schema.ts";
import { type SearchResult, searchPages } from "./search.ts";
import { formsOf } from "./terms.ts";

export interface DocumentStatus {
  readonly names: readonly string[];
  readonly state: "reading" | "ready" | "partly" | "failed";
  readonly reason?: string;
  readonly pages: number;
}

/** The effect of an addition; the status of a file that failed tells the reason. */
export type Added = "unchanged" | "same content" | "read" | "failed";

/** A folder with the documents that can be searched together. One process at a time opens it. */
export interface Collection {
  /** Adds a file, or its new version; what is known by its time or content is not read again. */
  add(path: string, signal?: AbortSignal): Promise<Added>;
  /** Removes a file, or the files of a folder, from all channels. Returns the number of files. */
  remove(path: string): number;
  /** The paths of all files, sorted. */
  names(): string[];
  status(): DocumentStatus[];
  search(query: string, limit: number): SearchResult;
  /** Finds and repairs what does not fit together. Returns what it found. */
  verify(): string[];
  /** Gives the space of removed documents back to the disk. */
  compact(): void;
  close(): Promise<void>;
}

/** Opens the collection in `folder`. Throws invalid_option if another process has it open. */
export async function openCollection(folder: string): Promise<Collection> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause) => {
    return refuse("write", folder, cause);
  });
  const unlock = await lockFolder(folder, (pid) => {
    const message = `the collection in ${folder} is in use by process ${pid}; wait until it ends`;
    return new VireoError("invalid_option", message);
  });
  try {
    const database = await openSqlite(join(folder, "index.db"), MIGRATIONS);
    database.transaction(() => removeUnnamed(database)); // what a killed process began
    return collectionOver(database, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

function collectionOver(database: Database, unlock: () => Promise<void>): Collection {
  return {
    add: (path, signal) => addFile(database, resolve(path), signal),
    remove: (path) => removeFiles(database, resolve(path)),
    names: () => namesIn(database),
    status: () => statusOf(database),
    search: (query, limit) => searchPages(database, query, limit),
    verify: () => verifyIndex(database),
    compact: () => {
      database.exec("INSERT INTO words (words) VALUES ('optimize')");
      database.exec("VACUUM");
    },
    close: async () => {
      database.close();
      await unlock();
    },
  };
}

/**
 * File systems count time in steps: a file that has just changed may change again with the same
 * time, so the next `add` compares its content.
 */
const SETTLED_MS = 2000;

async function addFile(database: Database, path: string, signal?: AbortSignal): Promise<Added> {
  const { size, mtimeMs } = await stat(path).catch((cause) => refuse("read", path, cause));
  const known = database.get("SELECT bytes, modified FROM name WHERE path = ?", path);
  if (known?.bytes === size && known.modified === mtimeMs) return "unchanged";
  const file = await readUserFile(path, LIMITS.document.bytes);
  const hash = createHash("sha256").update(file).digest("hex");
  const isSettled = Date.now() - mtimeMs > SETTLED_MS;
  const name = { path, bytes: size, modified: isSettled ? mtimeMs : 0 };
  const same = database.get("SELECT id FROM document WHERE hash = ?", hash);
  if (same !== undefined) {
    database.transaction(() => nameDocument(database, Number(same.id), name));
    return "same content";
  }
  const read = await readPages(file, signal);
  database.transaction(() => {
    nameDocument(database, insertDocument(database, hash, file.length, read), name);
  });
  return read.state === "failed" ? "failed" : "read";
}

/** Inserts a document and its pages, without names, so nothing finds it yet. */
function insertDocument(database: Database, hash: string, bytes: number, read: ReadDocument) {
  const { state, reason, pages } = read;
  const row = [hash, state, reason ?? null, bytes] as const;
  database.run("INSERT INTO document (hash, state, reason, bytes) VALUES (?, ?, ?, ?)", ...row);
  const document = Number(database.get("SELECT id FROM document WHERE hash = ?", hash)?.id);
  for (const { number, body } of pages) {
    // Pages without text are equal to no other page.
    const text = body.replace(/\s+/g, " ").trim() || `${hash} ${number}`;
    const fingerprint = createHash("sha256").update(text).digest("hex");
    database.run(
      "INSERT INTO page (document, number, body, fingerprint) VALUES (?, ?, ?, ?)",
      ...[document, number, body, fingerprint],
    );
  }
  return document;
}

interface FileName {
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
}

/** Gives the name to the document and takes it from the one that had it. */
function nameDocument(database: Database, document: number, name: FileName): void {
  const { path, bytes, modified } = name;
  const before = database.get("SELECT document FROM name WHERE path = ?", path)?.document;
  database.run("INSERT OR REPLACE INTO name VALUES (?, ?, ?, ?)", path, document, bytes, modified);
  indexWords(database, document);
  if (before !== undefined && before !== document) indexWords(database, Number(before));
  removeUnnamed(database);
}

/** Writes the words of the document's pages anew, with its present names. */
function indexWords(database: Database, document: number): void {
  const names = database
    .all("SELECT path FROM name WHERE document = ? ORDER BY path", document)
    .map(({ path }) => String(path).split(sep).at(-1))
    .join("\n");
  for (const { id, body } of database.all("SELECT * FROM page WHERE document = ?", document)) {
    const text = String(body).normalize("NFKC");
    const forms = formsOf(`${text}\n${names}`);
    database.run("DELETE FROM words WHERE rowid = ?", id!);
    database.run(
      "INSERT INTO words (rowid, body, forms, name) VALUES (?, ?, ?, ?)",
      ...([id!, text, forms, names] as const),
    );
  }
}

/** Removes documents that have no name, with their pages and words. */
function removeUnnamed(database: Database): void {
  const unnamed = "SELECT id FROM document WHERE id NOT IN (SELECT document FROM name)";
  const pages = `SELECT id FROM page WHERE document IN (${unnamed})`;
  database.run(`DELETE FROM words WHERE rowid IN (${pages})`);
  database.run(`DELETE FROM page WHERE document IN (${unnamed})`);
  database.run(`DELETE FROM document WHERE id IN (${unnamed})`);
}

function namesIn(database: Database): string[] {
  return database.all("SELECT path FROM name ORDER BY path").map(({ path }) => String(path));
}

function removeFiles(database: Database, path: string): number {
  const within = path.endsWith(sep) ? path : `${path}${sep}`;
  const paths = namesIn(database).filter((name) => name === path || name.startsWith(within));
  database.transaction(() => {
    for (const name of paths) {
      const document = database.get("SELECT document FROM name WHERE path = ?", name)?.document;
      database.run("DELETE FROM name WHERE path = ?", name);
      indexWords(database, Number(document));
    }
    removeUnnamed(database);
  });
  return paths.length;
}

function statusOf(database: Database): DocumentStatus[] {
  const rows = database.all("SELECT * FROM document ORDER BY hash");
  return rows.map(({ id, state, reason }) => {
    const names = database.all("SELECT path FROM name WHERE document = ? ORDER BY path", id!);
    const pages = database.get("SELECT count(*) AS n FROM page WHERE document = ?", id!);
    return {
      names: names.map(({ path }) => String(path)),
      state: state as DocumentStatus["state"],
      ...(reason === null ? {} : { reason: String(reason) }),
      pages: Number(pages?.n),
    };
  });
}

function verifyIndex(database: Database): string[] {
  const lost = "SELECT count(*) AS n FROM page WHERE id NOT IN (SELECT rowid FROM words)";
  const left = "SELECT count(*) AS n FROM words WHERE rowid NOT IN (SELECT id FROM page)";
  const count = (sql: string) => Number(database.get(sql)?.n);
  const problems = database
    .all("PRAGMA integrity_check")
    .map((row) => `database: ${row.integrity_check}`)
    .filter((text) => text !== "database: ok");
  if (count(lost) > 0) problems.push(`${count(lost)} pages were not in the index of words`);
  if (count(left) > 0) problems.push(`${count(left)} rows of words had no page`);
  database.transaction(() => {
    database.run("DELETE FROM words WHERE rowid NOT IN (SELECT id FROM page)");
    for (const { id } of database.all("SELECT id FROM document")) {
      if (problems.length > 0) indexWords(database, Number(id));
    }
  });
  return problems;
}
