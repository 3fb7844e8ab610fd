// The drivers of SQLite behind one shape: Node's own where it has one (22.13 and later), else the
// WebAssembly build of the package node-sqlite3-wasm. Neither needs an install script.

import { rmSync } from "node:fs";
import type { SqlRow, SqlValue } from "./database.ts";

/** A prepared statement. */
export interface Statement {
  run(values: SqlValue[]): void;
  all(values: SqlValue[]): SqlRow[];
  close(): void;
}

export interface Connection {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export type DriverName = "node" | "wasm";

/** The shape of `node:sqlite`, which the types of Node.js 20 do not have. */
interface NodeSqlite {
  readonly DatabaseSync: new (
    path: string,
  ) => {
    exec(sql: string): void;
    prepare(sql: string): {
      run(...values: (SqlValue | bigint)[]): unknown;
      all(...values: (SqlValue | bigint)[]): SqlRow[];
    };
    close(): void;
  };
}

function nodeSqlite(): NodeSqlite | undefined {
  return process.getBuiltinModule("node:sqlite") as NodeSqlite | undefined;
}

/**
 * Node's driver binds every number as floating point, by which FTS5 ignores `rowid = ?` beside
 * MATCH; it binds a bigint as the integer that it is.
 */
function exactly(value: SqlValue): SqlValue | bigint {
  return Number.isSafeInteger(value) ? BigInt(value as number) : value;
}

export function defaultDriver(): DriverName {
  return nodeSqlite() === undefined ? "wasm" : "node";
}

/** Opens the file at `path`. The caller holds the only right to the file. */
export async function connect(path: string, driver: DriverName): Promise<Connection> {
  if (driver === "wasm") return await connectWasm(path);
  const sqlite = nodeSqlite();
  if (sqlite === undefined) throw new Error("this version of Node.js has no node:sqlite");
  const database = new sqlite.DatabaseSync(path);
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (values) => void statement.run(...values.map(exactly)),
        all: (values) => statement.all(...values.map(exactly)),
        close: () => {}, // the garbage collector frees it
      };
    },
    close: () => database.close(),
  };
}

async function connectWasm(path: string): Promise<Connection> {
  // The driver locks by a folder, which stays behind when a process is killed.
  rmSync(`${path}.lock`, { recursive: true, force: true });
  const { default: sqlite } = await import("node-sqlite3-wasm");
  const database = new sqlite.Database(path);
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (values) => void statement.run(values),
        all: (values) => statement.all(values) as SqlRow[],
        close: () => finalize(statement),
      };
    },
    close: () => database.close(),
  };
}

/** SQLite frees the statement in any case, and reports the error of its last run once more. */
function finalize(statement: { finalize(): void }): void {
  try {
    statement.finalize();
  } catch {
    // the run that failed has thrown it
  }
}
