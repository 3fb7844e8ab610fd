import { dirname } from "node:path";
import { VireoError } from "../core/errors.ts";
import type { Database, SqlRow, SqlValue } from "./database.ts";
import {
  type Connection,
  connect,
  type DriverName,
  defaultDriver,
  type Statement,
} from "./drivers.ts";

/** Prepared statements that are kept; programs have fewer texts than that. */
const MAX_STATEMENTS = 64;

/**
 * A write-ahead log that one process reads. The WebAssembly driver has no shared memory, and it
 * takes the rollback journal of a killed process for one in use, so it would keep half of a change.
 */
const SETTINGS = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
`;

/**
 * Opens the SQLite file at `path` and brings its schema up to date: `migrations` are applied in
 * order, each once and in a transaction. `user_version` counts those that were applied.
 *
 * The caller holds a lock on the folder: one process at a time may have the file open.
 *
 * Throws invalid_option if a later version made the file, or if it is no database.
 */
export async function openSqlite(
  path: string,
  migrations: readonly string[],
  driver: DriverName = defaultDriver(),
): Promise<Database> {
  const connection = await connect(path, driver);
  try {
    connection.exec(SETTINGS);
    const database = databaseOver(connection);
    migrate(database, migrations, path);
    return database;
  } catch (cause) {
    connection.close();
    if (cause instanceof VireoError) throw cause;
    const message = `cannot read the database in ${dirname(path)}: it is damaged or no database`;
    throw new VireoError("invalid_option", message, { cause });
  }
}

function migrate(database: Database, migrations: readonly string[], path: string): void {
  const version = Number(database.get("PRAGMA user_version")?.user_version ?? 0);
  if (version > migrations.length) {
    const message =
      `the database in ${dirname(path)} has schema ${version}; ` +
      `this version of vireo reads up to ${migrations.length}; use the newer version`;
    throw new VireoError("invalid_option", message);
  }
  for (const [at, sql] of migrations.entries()) {
    if (at < version) continue;
    database.transaction(() => {
      database.exec(sql);
      database.exec(`PRAGMA user_version = ${at + 1}`);
    });
  }
}

function databaseOver(connection: Connection): Database {
  const statements = new Map<string, Statement>();
  const prepared = (sql: string): Statement => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    if (statements.size >= MAX_STATEMENTS) {
      for (const statement of statements.values()) statement.close();
      statements.clear();
    }
    const statement = connection.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const all = (sql: string, ...values: SqlValue[]): SqlRow[] => prepared(sql).all(values);
  return {
    exec: (sql) => connection.exec(sql),
    run: (sql, ...values) => prepared(sql).run(values),
    all,
    get: (sql, ...values) => all(sql, ...values)[0],
    transaction: (work) => {
      connection.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        connection.exec("COMMIT");
        return result;
      } catch (error) {
        connection.exec("ROLLBACK");
        throw error;
      }
    },
    close: () => {
      for (const statement of statements.values()) statement.close();
      connection.close();
    },
  };
}
