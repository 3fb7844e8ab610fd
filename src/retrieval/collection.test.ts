import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Collection, openCollection } from "./collection.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vireo-collection-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
}

async function filled(texts: Readonly<Record<string, string>>): Promise<Collection> {
  const collection = await openCollection(join(root, "collection"));
  for (const [name, text] of Object.entries(texts)) await collection.add(write(name, text));
  return collection;
}

/** The names of the files that a query finds, in order. */
function found(collection: Collection, query: string): string[] {
  return collection.search(query, 10).hits.map(({ names }) => names[0]!.split("/").at(-1)!);
}

test("finds identifiers, numbers, dates and words of any script as they are written", async () => {
  const collection = await filled({
    "a.txt": "Invoice INV-2016/08, due on 12.08.2016: total 1.234,50 EUR, paid at the café",
    "b.txt": "Invoice INV-2016/09, due on 2017-01-31: total 93.10 EUR",
    "c.txt": "東京都の請求書について",
  });
  expect(found(collection, "INV-2016/08")[0]).toBe("a.txt");
  expect(found(collection, "INV-2016/08")).toHaveLength(1);
  expect(found(collection, "1234.50")).toEqual(["a.txt"]);
  expect(found(collection, "1,234.5")).toEqual(["a.txt"]);
  expect(found(collection, "2016-08-12")).toEqual(["a.txt"]);
  expect(found(collection, "31.1.2017")).toEqual(["b.txt"]);
  expect(found(collection, "cafe")).toEqual(["a.txt"]);
  expect(found(collection, "請求書")).toEqual(["c.txt"]);
  expect(found(collection, "請求人")).toEqual([]);
  expect(found(collection, 'quote " AND ( NEAR *')).toEqual([]);
  expect(found(collection, "")).toEqual([]);
  await collection.close();
});

test("finds misspelt words, names of files and equal pages, and says why", async () => {
  const collection = await filled({
    "contract.txt": "The warranty ends in March.",
    "copy.txt": "The  warranty ends\nin March.",
    "other.txt": "Nothing of that.",
  });
  const { hits, missing } = collection.search("waranty", 10);
  expect(hits).toHaveLength(1);
  expect(hits[0]).toMatchObject({ channels: { fuzzy: 1 }, matched: ["warranty"], equalPages: 1 });
  expect(missing).toMatch(/no embedding model is connected/);
  expect(found(collection, "contract")).toEqual(["contract.txt"]);
  await collection.close();
});

test("reads files of other programs: signed pages, CJK text, videos", async () => {
  const files = new URL("../../tests/reality/files/", import.meta.url).pathname;
  const collection = await openCollection(join(root, "collection"));
  const add = async (name: string) => await collection.add(join(files, name));
  expect(await add("documents/pikepdf-signature.pdf")).toBe("read");
  expect(await add("documents/reportlab-cjk.pdf")).toBe("read");
  expect(await add("videos/recorder-h264.mp4")).toBe("failed");
  expect(found(collection, "Ada Quill")).toEqual(["pikepdf-signature.pdf"]);
  expect(found(collection, "請求書")).toEqual(["reportlab-cjk.pdf"]);
  const failed = collection.status().find(({ state }) => state === "failed");
  expect(failed).toMatchObject({ reason: "the file is a video; videos are not indexed", pages: 0 });
  await collection.close();
});

test("reads a file once, whatever its name, and forgets what was replaced", async () => {
  const collection = await filled({ "a.txt": "alpha" });
  const old = write("old.txt", "alpha");
  utimesSync(old, 1000, 1000);
  expect(await collection.add(old)).toBe("same content");
  expect(await collection.add(old)).toBe("unchanged");
  expect(collection.remove(old)).toBe(1);
  expect(await collection.add(write("b.txt", "alpha"))).toBe("same content");
  expect(collection.status()).toMatchObject([{ names: [/a.txt$/, /b.txt$/], state: "ready" }]);
  await collection.add(write("a.txt", "gamma, longer"));
  await collection.add(write("b.txt", "delta, longer"));
  expect(collection.search("alpha", 10).hits).toEqual([]);
  expect(collection.remove(root)).toBe(2);
  expect(collection.status()).toEqual([]);
  expect(collection.verify()).toEqual([]);
  await collection.close();
});

test("says why a file is partly or not read", async () => {
  const collection = await filled({ "a.bin": "\u0000\u0001\u0002 nothing known" });
  expect(collection.status()[0]).toMatchObject({ state: "failed", pages: 0 });
  expect(collection.status()[0]?.reason).toMatch(/no known format/);
  await collection.close();
});

test("a second process is told who has the collection", async () => {
  const collection = await filled({});
  await collection.close();
  const lock = join(root, "collection", "lock");
  writeFileSync(lock, "1");
  await expect(openCollection(join(root, "collection"))).rejects.toThrow(/in use by process 1/);
});

const WORDS = ["alpha", "bravo", "charlie", "INV-1/2", "93.10", "1.234,50", "delta", "東京都"];
const text = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 9 });
const step = fc.record({
  file: fc.nat({ max: 5 }),
  what: fc.constantFrom("write", "remove", "rename", "reopen"),
  text: text.map((words) => words.join(" ")),
});
/** Random histories of a collection; RETRIEVAL_RUNS=200 for a longer search. */
const RUNS = Number(process.env.RETRIEVAL_RUNS ?? 25);

test("results after any changes are those of a fresh collection, bit for bit", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      run += 1;
      const files = new Map<string, string>();
      let changed = await openCollection(join(root, `changed-${run}`));
      for (const { file, what, text } of steps) {
        const path = join(root, `${run}-${file}.txt`);
        if (what === "reopen") {
          await changed.close();
          changed = await openCollection(join(root, `changed-${run}`));
        } else if (what === "write") {
          await changed.add(write(`${run}-${file}.txt`, text));
          files.set(path, text);
        } else if (files.has(path)) {
          changed.remove(path);
          const content = files.get(path)!;
          files.delete(path);
          if (what === "remove") continue;
          const renamed = path.replace(".txt", "-renamed.txt");
          renameSync(path, renamed);
          await changed.add(renamed);
          files.set(renamed, content);
        }
      }
      const fresh = await openCollection(join(root, `fresh-${run}`));
      for (const path of files.keys()) await fresh.add(path);
      for (const query of [...WORDS, WORDS.join(" "), "alfa brvao", "1234.5 delta"]) {
        expect(changed.search(query, 100)).toEqual(fresh.search(query, 100));
      }
      expect(changed.verify()).toEqual([]);
      await changed.close();
      await fresh.close();
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
}, 600_000);
