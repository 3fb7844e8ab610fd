import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defaultDriver } from "./drivers.ts";
import { openSqlite } from "./sqlite.ts";

const SCHEMA = ["CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL, bytes BLOB)"];
const TEXT =
  "CREATE VIRTUAL TABLE words USING fts5(body, tokenize='unicode61 remove_diacritics 2')";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vireo-storage-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const drivers = [...new Set(["wasm", defaultDriver()] as const)];

describe.each(drivers)("SQLite by the driver %s", (driver) => {
  test("keeps numbers, texts, bytes and null", async () => {
    const path = join(folder, "a.db");
    const database = await openSqlite(path, SCHEMA, driver);
    const bytes = Uint8Array.of(0, 255, 7);
    database.run("INSERT INTO item VALUES (?, ?, ?)", 1, "naïve 日本 \u{1f600}", bytes);
    database.run("INSERT INTO item VALUES (?, ?, ?)", 2, "", null);
    database.close();
    const again = await openSqlite(path, SCHEMA, driver);
    const [first, second] = again.all("SELECT * FROM item ORDER BY id");
    expect({ ...first, bytes: [...(first?.bytes as Uint8Array)] }).toEqual({
      id: 1,
      name: "naïve 日本 \u{1f600}",
      bytes: [0, 255, 7],
    });
    expect({ ...second }).toEqual({ id: 2, name: "", bytes: null });
    expect(again.get("SELECT id FROM item WHERE id = ?", 3)).toBeUndefined();
    again.close();
  });

  test("binds whole numbers as integers, by which a row of a text index is selected", async () => {
    const database = await openSqlite(join(folder, "a.db"), [TEXT], driver);
    const types = database.get("SELECT typeof(?) AS whole, typeof(?) AS real", 2, 2.5);
    expect({ ...types }).toEqual({ whole: "integer", real: "real" });
    for (const id of [1, 2]) {
      database.run("INSERT INTO words (rowid, body) VALUES (?, ?)", id, `alpha ${id}`);
    }
    const selected = "SELECT body FROM words WHERE words MATCH 'alpha' AND rowid = ?";
    expect(database.all(selected, 2).map(({ body }) => body)).toEqual(["alpha 2"]);
    database.close();
  });

  test("undoes a transaction that throws, and accepts the next", async () => {
    const database = await openSqlite(join(folder, "a.db"), SCHEMA, driver);
    const failing = () =>
      database.transaction(() => {
        database.run("INSERT INTO item VALUES (1, 'a', NULL)");
        database.run("INSERT INTO item VALUES (1, 'b', NULL)");
      });
    expect(failing).toThrow();
    database.transaction(() => database.run("INSERT INTO item VALUES (2, 'c', NULL)"));
    expect(database.all("SELECT id FROM item").map(({ id }) => id)).toEqual([2]);
    database.close();
  });

  test("applies each migration once, and refuses a newer schema", async () => {
    const path = join(folder, "a.db");
    (await openSqlite(path, SCHEMA, driver)).close();
    const database = await openSqlite(path, [...SCHEMA, TEXT], driver);
    database.run("INSERT INTO words VALUES (?)", "café INV-2016/08");
    expect(database.all("SELECT * FROM words WHERE words MATCH '\"cafe\"'")).toHaveLength(1);
    expect(database.all("SELECT * FROM words WHERE words MATCH ?", '"INV-2016/08"')).toHaveLength(
      1,
    );
    expect(database.all("SELECT * FROM words WHERE words MATCH ?", '"INV-2016/09"')).toEqual([]);
    database.close();
    await expect(openSqlite(path, SCHEMA, driver)).rejects.toThrow(/has schema 2; .* up to 1/);
  });

  test("refuses a file that is no database", async () => {
    const path = join(folder, "a.db");
    writeFileSync(path, "no database ".repeat(100));
    await expect(openSqlite(path, SCHEMA, driver)).rejects.toThrow(/damaged or no database/);
  });
});

/** Writes 20 items, then changes them all in a transaction that it never ends. */
const WRITER = `
import sqlite from "node-sqlite3-wasm";
const database = new sqlite.Database(process.argv[1]);
database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = 1; BEGIN");
for (let id = 1; id <= 2000; id += 1) {
  database.run("INSERT INTO item VALUES (?, ?, NULL)", [id, "old".repeat(99)]);
}
database.exec("COMMIT; BEGIN; UPDATE item SET name = 'new'");
console.log("written");
setInterval(() => {}, 1000);
`;

test("a process that is killed in a transaction leaves the old state", async () => {
  const path = join(folder, "a.db");
  (await openSqlite(path, SCHEMA, "wasm")).close();
  const child = spawn(process.execPath, ["--input-type=module", "-e", WRITER, path], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  const database = await openSqlite(path, SCHEMA, "wasm");
  expect(database.get("PRAGMA integrity_check")?.integrity_check).toBe("ok");
  const counts = database.get("SELECT count(*) AS n, sum(name = 'new') AS changed FROM item");
  expect({ ...counts }).toEqual({ n: 2000, changed: 0 });
  database.close();
});
