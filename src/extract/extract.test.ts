import { subscribe, unsubscribe } from "node:diagnostics_channel";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pageText } from "../../tests/fixtures/page-texts.ts";
import { type PdfPageText, pdf, tiff } from "../../tests/fixtures/pdf-files.ts";
import type { ChatRequest, ContentPart } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import type { Upstream } from "../core/upstream.ts";
import { type BatchOptions, extractFiles, listDocuments } from "./batch.ts";
import { csvHead, csvLayout, csvRows, toLine } from "./csv.ts";
import { extract, extractionOf } from "./extract.ts";
import { type JsonObject, mergePages } from "./merge.ts";
import { indexPage } from "./page-index.ts";
import { listSchemas, readSchema } from "./schemas.ts";
import { verify } from "./verify.ts";

const text = (words: string) => indexPage(pageText(words));

describe("verification", () => {
  test.each<[unknown, string, string]>([
    ["Müller GmbH", "Von: MÜLLER\n GmbH, Bonn", "verified"],
    ["ﬁne", "a fine day", "verified"],
    ["ACME–7", "acme-7", "verified"],
    ["art", "cart", "unverified"],
    [12, "12 pieces", "verified"],
    [12, "12.50", "unverified"],
    [12, "1,012", "unverified"],
    [12.5, "sum 12,50 EUR", "verified"],
    [1234.5, "1.234,50", "verified"],
    [1234567, "1,234,567", "verified"],
    [-3, "-3", "verified"],
    ["2026-11-21", "on 21.11.2026", "verified"],
    ["2026-11-21", "on 11/21/2026", "verified"],
    ["2026-11-21", "on 22.11.2026", "unverified"],
    [1052.7, "Sugar 10 52.70 527.00", "unverified"],
    [52.7, "Sugar 10 52.70 527.00", "verified"],
    ["1052.70", "Sugar 10 52.70 527.00", "unverified"],
    [12.5, "Widget\r\n1\r\n2.50", "unverified"],
    [202024, "20 2024", "unverified"],
    [12345.5, "total 12 345,50", "verified"],
    [1234567, "1 234 567 pieces", "verified"],
    ["DE8937040044", "DE89 3704 0044", "verified"],
    ["ΠΑΠΑΔΟΠΟΥΛΟΣ", "Επωνυμία: ΠΑΠΑΔΟΠΟΥΛΟΣ", "verified"],
    ["Müller GmbH", "Mu\u0308ller GmbH", "verified"],
    ["Mu\u0308ller", "Müller GmbH", "verified"],
    ["Mu", "Mu\u0308ller", "unverified"],
    ["x", "", "no_text"],
    [true, "true", "not_checked"],
    [null, "null", "not_checked"],
    ["(a+)+$", "aaaaaaaa (a+)+$", "verified"],
  ])("%j in %j is %s", (value, words, verdict) => {
    expect(verify(value, text(words)).verdict).toBe(verdict);
  });
});

describe("merging", () => {
  const schema = {
    type: "object",
    properties: {
      number: { type: ["string", "null"] },
      total: { type: ["number", "null"] },
      buyer: { type: "object", properties: { name: { type: "string" } } },
      items: { type: "array", maxItems: 3, items: { type: "object" } },
      kind: { anyOf: [{ type: "string" }, { type: "object" }] },
    },
  };
  const page = (number: number, value: unknown, verified: readonly string[] = []) => ({
    page: number,
    value,
    findings: new Map(verified.map((path) => [path, { verdict: "verified" as const }])),
  });

  test("lists are joined, single values are the first that is verified or filled", () => {
    const { data, values, conflicts } = mergePages(schema, [
      page(1, { number: null, total: 5, buyer: { name: "" }, items: [{ a: 1 }], kind: "" }),
      page(2, { number: "7", total: 6, buyer: { name: "B" }, items: [{}, { a: 2 }] }, ["/total"]),
      page(4, { number: "8", total: null, items: [{ a: 3 }, { a: 4 }], kind: { x: 1 } }),
    ]);
    expect(data).toEqual({
      number: "7",
      total: 6,
      buyer: { name: "B" },
      items: [{ a: 1 }, { a: 2 }, { a: 3 }],
      kind: { x: 1 },
    });
    expect(conflicts).toEqual([
      { path: "/number", page: 4, value: "8" },
      { path: "/total", page: 1, value: 5 },
    ]);
    const pages = Object.fromEntries(values.map((value) => [value.path, value.page]));
    expect(pages).toMatchObject({ "/number": 2, "/total": 2, "/items/1/a": 2, "/items/2/a": 4 });
  });

  test("one page stays as it is, and names are only names", () => {
    const value = JSON.parse('{"__proto__": 1, "a/b": "", "items": [null]}');
    const { data, values } = mergePages(schema, [page(1, value)]);
    expect(JSON.stringify(data)).toBe(JSON.stringify(value));
    expect(values.map(({ path }) => path)).toEqual(["/__proto__", "/a~1b", "/items/0"]);
  });
});

test("CSV is one row, or one for each item, and never a formula", () => {
  const schema = {
    properties: {
      name: { type: "string" },
      items: { items: { properties: { price: { type: "number" } } } },
    },
  };
  const layout = csvLayout(schema);
  expect(csvHead(layout)).toBe("file,name,items.price\r\n");
  const data = { name: '=cmd|" /c"', items: [{ price: -1 }, { price: 2 }] };
  expect(csvRows(layout, "a,b.pdf", data)).toEqual([
    `"a,b.pdf","'=cmd|"" /c""",-1\r\n`,
    `"a,b.pdf","'=cmd|"" /c""",2\r\n`,
  ]);
  expect(() => csvLayout({ properties: { a: { type: "array" } } })).toThrow(/one table/);
});

test.each([
  ["-5.00", "-5.00"],
  ["+49 30 1", "+49 30 1"],
  ["-5,00 \u20ac", '"-5,00 \u20ac"'],
  ["-1.5%", "-1.5%"],
  ["-", "-"],
  ["+1 (555) 010-99", "+1 (555) 010-99"],
  ["=1+1", "'=1+1"],
  ["-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"],
  ["+A1", "'+A1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["\t=1", "'\t=1"],
  ["- a point of a list", "'- a point of a list"],
])("a cell of CSV: %j", (value, expected) => {
  expect(toLine([value])).toBe(`${expected}\r\n`);
});

test("the schemas that come along can be read", async () => {
  const names = (await listSchemas()).map(({ name }) => name);
  expect(names).toEqual(["form", "id-card", "invoice", "receipt", "table"]);
  await expect(readSchema("nothing")).rejects.toThrow(/there are form, id-card/);
});

const SCHEMA: JsonObject = { type: "object", properties: { said: { type: "string" } } };

/** Answers with the requested page, and counts requests. */
/** Pages that are each 20 points wider than the one before, by which the upstream tells them. */
const numbered = (pages: readonly PdfPageText[]): Buffer => {
  return pdf(pages.map((page, at) => ({ ...page, box: `0 0 ${200 + 20 * at} 200` })));
};

function pageOf({ width, height }: { readonly width: number; readonly height: number }): string {
  return String(1 + Math.round(((width - height) * 72) / 150 / 20));
}

function fakeUpstream(failAt = Number.POSITIVE_INFINITY) {
  const asked: string[] = [];
  const upstream = {
    models: [{ id: "fake", fingerprint: "1" }],
    async *chat({ messages }: ChatRequest) {
      const [picture] = messages[0]!.content as readonly ContentPart[];
      const page = picture?.type === "image" ? pageOf(picture.pixels!) : "";
      if (asked.length >= failAt) throw new Error("killed");
      asked.push(page);
      yield { type: "text", text: JSON.stringify({ said: `page ${page}` }) };
      const usage = { promptTokens: 3, completionTokens: 2 };
      yield { type: "end", reason: "stop", usage };
    },
  };
  return { asked, upstream: upstream as unknown as Upstream };
}

test("each page is a separate request, and known pages are skipped", async () => {
  const { asked, upstream } = fakeUpstream();
  const file = numbered([{ lines: ["This is page 1"] }, { lines: ["nothing"] }, {}]);
  const known = new Map([
    [3, { page: 3, value: { said: "before" }, promptTokens: 1, completionTokens: 1 }],
  ]);
  const found = await extractionOf(extract(upstream, file, { schema: SCHEMA, known }));
  expect(asked).toEqual(["1", "2"]);
  expect(found.data).toEqual({ said: "page 1" });
  expect(found.values).toMatchObject([{ path: "/said", page: 1, verdict: "verified" }]);
  expect(found.values[0]!.box).toHaveLength(4);
  expect(found.conflicts).toHaveLength(2);
});

test("a page that cannot be rendered is listed, and the others are answered", async () => {
  const { asked, upstream } = fakeUpstream();
  const whole = numbered([{ lines: ["This is page 1"] }, { lines: ["lost"] }, {}]);
  const file = Buffer.from(
    whole.toString("latin1").replace("6 0 obj\n<<", "6 0 obj\n(("),
    "latin1",
  );
  const found = await extractionOf(extract(upstream, file, { schema: SCHEMA }));
  expect(asked).toEqual(["1", "3"]);
  expect(found.failedPages).toMatchObject([{ page: 2, reason: expect.stringMatching(/page 2/) }]);
});

test("one process opens a document of five pages and renders each page once", async () => {
  const spawned: unknown[] = [];
  const hear = (message: unknown): void => void spawned.push(message);
  subscribe("child_process", hear);
  const { upstream } = fakeUpstream();
  const file = numbered(Array(5).fill({ lines: ["page"] }));
  const { pages } = await extractionOf(extract(upstream, file, { schema: SCHEMA, pictures: true }));
  unsubscribe("child_process", hear);
  expect(pages).toHaveLength(5);
  expect(spawned).toHaveLength(1);
});

describe("many files", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "vireo-extract-"));
    for (const name of ["a", "b", "c"]) {
      const lines = [`<b>${name}</b> says page 2`];
      await writeFile(join(folder, `${name}.pdf`), numbered([{ lines }, { lines }]));
    }
    await writeFile(join(folder, "d.tif"), tiff([{ width: 9, height: 9, gray: 1 }]));
    await writeFile(join(folder, "e.pdf"), "%PDF-1.7");
    await writeFile(join(folder, "notes.txt"), "no document");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const options = (rest: Partial<BatchOptions> = {}): BatchOptions => ({
    schema: SCHEMA,
    out: join(folder, "out"),
    format: "jsonl",
    concurrency: 1,
    resume: true,
    ...rest,
  });

  test("a second run processes only the remaining pages", async () => {
    const files = await listDocuments([folder]);
    expect(files.map((file) => file.slice(-5))).toEqual([
      "a.pdf",
      "b.pdf",
      "c.pdf",
      "d.tif",
      "e.pdf",
      "s.txt",
    ]);
    const first = fakeUpstream(3);
    await expect(extractFiles(first.upstream, files, options())).rejects.toThrow("killed");
    const documents = join(folder, "out", "documents");
    const finished = (await readdir(documents)).filter((name) => name.endsWith(".json"));
    expect(finished).toHaveLength(1);
    const { mtimeMs } = await stat(join(documents, finished[0]!));
    // as if it had been killed within a line
    const unfinished = (await readdir(documents)).find((name) => name.endsWith(".pages"));
    await appendFile(join(documents, unfinished!), '{"page":2,"val');

    const second = fakeUpstream();
    const result = await extractFiles(second.upstream, files, options());
    expect([...first.asked, ...second.asked]).toEqual(["1", "2", "1", "2", "1", "2", "1"]);
    expect(result).toMatchObject({
      documents: 6,
      known: 1,
      failures: [
        { file: files[4] },
        { file: files[5], reason: expect.stringContaining("is text") },
      ],
    });
    expect((await stat(join(documents, finished[0]!))).mtimeMs).toBe(mtimeMs);

    const third = fakeUpstream();
    const again = await extractFiles(third.upstream, files, options());
    expect([third.asked.length, again.known]).toEqual([0, 4]);
    const lines = (await readFile(again.results, "utf8")).trim().split("\n");
    const found = lines.map((line) => JSON.parse(line) as { file: string; error?: object });
    expect(found.map(({ file }) => file)).toEqual(files);
    expect(found.map(({ error }) => error !== undefined)).toEqual([0, 0, 0, 0, 1, 1].map(Boolean));
    expect((await readdir(documents)).filter((name) => /tmp|pages/.test(name))).toEqual([]);
  });

  test("the report shows pages and values, and runs nothing", async () => {
    const files = await listDocuments([folder]);
    const { report } = await extractFiles(fakeUpstream().upstream, files, options());
    const html = await readFile(report, "utf8");
    expect(html.match(/<img alt="Page \d" src="data:image\/jpeg;base64,/g)).toHaveLength(7);
    expect(html).toContain("class=verified");
    expect(html).toContain("class=box");
    expect(html).toContain("Nothing was extracted: ");
    expect(html).not.toMatch(/<script|<b>|https?:/);
  });

  test("writes CSV into one file and replaces earlier content", async () => {
    const out = join(folder, "all.csv");
    const files = await listDocuments([join(folder, "a.pdf")]);
    const csv = options({ out, format: "csv" });
    await extractFiles(fakeUpstream().upstream, files, csv);
    expect(await readFile(out, "utf8")).toBe(`file,said\r\n${files[0]},page 2\r\n`);
    expect(await readdir(folder)).toContain("all.csv.report.html");
    const fresh = fakeUpstream();
    await extractFiles(fresh.upstream, files, { ...csv, resume: false });
    expect(fresh.asked).toHaveLength(2);
  });

  test("starting over keeps other files beside the results", async () => {
    const documents = join(folder, "documents");
    await mkdir(documents);
    for (const name of ["a.pdf", "notes.txt"])
      await rename(join(folder, name), join(documents, name));
    const files = await listDocuments([documents]);
    const { upstream, asked } = fakeUpstream();
    for (const pages of [2, 4]) {
      await extractFiles(upstream, files, options({ out: folder, resume: false }));
      expect(asked).toHaveLength(pages);
    }
    expect(await readdir(documents)).toEqual(expect.arrayContaining(["a.pdf", "notes.txt"]));
  });

  test("every file of a folder is read, or named with its reason", async () => {
    const all = join(folder, "all");
    await mkdir(join(all, "sub"), { recursive: true });
    const page = pdf([{ lines: ["page 1"] }]);
    const contents: readonly (readonly [string, Uint8Array | string])[] = [
      ["A.PDF", page],
      ["a report without an ending", page],
      ["picture.txt", tiff([{ width: 9, height: 9, gray: 1 }])],
      ["sub/FAX.TIF", tiff([{ width: 9, height: 9, gray: 1 }])],
      ["archive.pdf", "PK\x03\x04"],
      ["data.pdf", '{"no": "pages"}'],
      ["photo.png", Buffer.from("ff0afa7f", "hex")],
      [".hidden", "x"],
      ["Thumbs.db", "x"],
    ];
    for (const [name, content] of contents) await writeFile(join(all, name), content);
    const files = await listDocuments([all]);
    const csv = options({ out: join(all, "out.csv"), format: "csv", csvBom: true });
    const { documents, failures } = await extractFiles(fakeUpstream().upstream, files, csv);
    expect(documents).toBe(7);
    expect(failures.map(({ file, reason }) => [file.slice(all.length + 1), reason])).toEqual([
      ["archive.pdf", expect.stringContaining("a ZIP archive")],
      ["data.pdf", expect.stringContaining("is text")],
      ["photo.png", expect.stringContaining("JPEG XL")],
    ]);
    const written = await readFile(join(all, "out.csv"), "utf8");
    const lines = written.trimEnd().split("\r\n");
    expect(lines[0]).toBe("\ufefffile,said,error");
    expect(lines).toHaveLength(8);
    expect(lines.filter((line) => line.includes("JPEG XL"))).toHaveLength(1);
    expect(await listDocuments([all], csv.out)).toEqual(files); // not what was just written
  });

  test("a file that went away, and one with a long name", async () => {
    const long = join(folder, `${"発".repeat(80)}.pdf`);
    await rename(join(folder, "a.pdf"), long);
    const gone = join(folder, "b.pdf");
    await rm(gone);
    const result = await extractFiles(fakeUpstream().upstream, [gone, long], options());
    expect(result.failures).toMatchObject([
      { file: gone, reason: expect.stringContaining("no such file") },
    ]);
    expect(await readFile(result.results, "utf8")).toContain("page 2");
  });

  test("links to files are files; a folder without documents is refused", async () => {
    const links = join(folder, "links");
    await mkdir(links);
    await expect(listDocuments([links])).rejects.toThrow("there is no file");
    await symlink(join(folder, "a.pdf"), join(links, "a.pdf"));
    await symlink(join(folder, "gone.pdf"), join(links, "gone.pdf"));
    expect(await listDocuments([links])).toEqual([join(links, "a.pdf")]);
    const nowhere = options({ out: join(folder, "a.pdf", "out.csv") });
    const refused = extractFiles(fakeUpstream().upstream, [join(links, "a.pdf")], nowhere);
    await expect(refused).rejects.toThrow("a part of the path is no folder");
  });

  test("a missing file is an error before the work begins", async () => {
    await expect(listDocuments([join(folder, "none.pdf")])).rejects.toThrow(VireoError);
  });
});
