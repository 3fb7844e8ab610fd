import fc from "fast-check";
import { expect, test } from "vitest";
import { VireoError } from "../core/errors.ts";
import { boundaryOf, readMultipart } from "./multipart.ts";

interface Read {
  readonly name: string;
  readonly filename: string | undefined;
  readonly content: string;
}

/** The body in pieces of so many bytes. */
async function* inPieces(body: Uint8Array, size: number) {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
}

async function read(body: Uint8Array, boundary: string, size = 1 << 16): Promise<Read[]> {
  const parts: { name: string; filename: string | undefined; content: Buffer }[] = [];
  for await (const event of readMultipart(inPieces(body, size), boundary)) {
    if (event.type === "part") {
      parts.push({ name: event.name, filename: event.filename, content: Buffer.alloc(0) });
    } else {
      const part = parts.at(-1)!;
      part.content = Buffer.concat([part.content, event.bytes]);
    }
  }
  return parts.map((part) => ({ ...part, content: part.content.toString("latin1") }));
}

const form = (text: string) => Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");
const part = (head: string, content: string) => `--x\n${head}\n\n${content}\n`;
const named = 'Content-Disposition: form-data; name="a"';

test("the output of Node's FormData is parsed correctly at every split", async () => {
  const content = fc.uint8Array({ maxLength: 200 });
  const name = fc.constantFrom("file", "purpose", "expires_after[seconds]", 'a"b', "ä", "");
  const filename = fc.constantFrom("a.pdf", "..\\..\\x", "/etc/passwd", 'q"q.png', "日本.png");
  const entry = fc.record({ name, filename, content, isFile: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { maxLength: 5 }),
      fc.integer({ min: 1, max: 400 }),
      (given, size) => {
        return compare(given, size);
      },
    ),
    { seed: 3, numRuns: 300 },
  );
});

interface Entry {
  readonly name: string;
  readonly filename: string;
  readonly content: Uint8Array;
  readonly isFile: boolean;
}

async function compare(entries: readonly Entry[], size: number): Promise<void> {
  const sent = new FormData();
  for (const { name, filename, content, isFile } of entries) {
    if (isFile) sent.append(name, new File([Buffer.from(content)], filename));
    else sent.append(name, Buffer.from(content).toString("hex"));
  }
  const response = new Response(sent);
  const boundary = boundaryOf(response.headers.get("content-type")!);
  const parts = await read(new Uint8Array(await response.arrayBuffer()), boundary, size);
  expect(parts).toEqual(
    entries.map(({ name, filename, content, isFile }) => ({
      name,
      filename: isFile ? filename : undefined,
      content: Buffer.from(content).toString(isFile ? "latin1" : "hex"),
    })),
  );
}

test("contents may contain line breaks, dashes and almost a boundary", async () => {
  const content = "\n--\n--y\n-\n--";
  for (const size of [1, 2, 3, 7, 1000]) {
    const [found] = await read(form(`${part(named, content)}--x--\n`), "x", size);
    expect(found?.content).toBe(content.replaceAll("\n", "\r\n"));
  }
});

test("before the first boundary and after the last there may be something", async () => {
  const found = await read(form(`hello\n${part(named, "1")}--x--\nbye`), "x");
  expect(found).toEqual([{ name: "a", filename: undefined, content: "1" }]);
});

test.each([
  ["nothing", ""],
  ["no boundary", "hello"],
  ["another boundary", "--y\n\n\n--y--"],
  ["cut off in a content", `--x\n${named}\n\nabc`],
  ["cut off in headers", `--x\n${named}`],
  ["cut off after a boundary", `${part(named, "1")}--x`],
  ["a longer boundary", `--xy\n${named}\n\n1\n--x--`],
  ["no headers", "--x\n\n1\n--x--"],
  ["no name", part("Content-Disposition: form-data", "1")],
  ["another disposition", part('Content-Disposition: attachment; name="a"', "1")],
  ["an encoding", part(`${named}\nContent-Transfer-Encoding: base64`, "1")],
  ["a giant header", part(`${named}\nX: ${"x".repeat(20_000)}`, "1")],
  ["a header without end", `--x\n${"x".repeat(20_000)}`],
  ["a long way to the first boundary", `${"x".repeat(40_000)}\n${part(named, "1")}--x--`],
  ["many parts", `${part(named, "1").repeat(33)}--x--`],
])("refuses %s", async (_, text) => {
  for (const size of [1, 13, 1 << 16]) {
    await expect(read(form(text), "x", size)).rejects.toMatchObject({ code: "invalid_multipart" });
  }
});

test.each([
  "multipart/form-data",
  "multipart/form-data; boundary=",
  `multipart/form-data; boundary=${"x".repeat(71)}`,
  'multipart/form-data; boundary="a b "',
  "multipart/form-data; boundary=a\u0000b",
  "application/json",
  "multipart/mixed; boundary=x",
])("refuses the type %j", (type) => {
  expect(() => boundaryOf(type)).toThrow(VireoError);
});

test("any input throws nothing but a VireoError", async () => {
  const pieces = ["--x", "\r\n", "--", named, "\r\n\r\n", "x", ";", '"', "Content-Type: a/b", "\0"];
  const body = fc.array(fc.constantFrom(...pieces), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(body, fc.integer({ min: 1, max: 9 }), async (given, size) => {
      try {
        await read(Buffer.from(given.join(""), "latin1"), "x", size);
      } catch (error) {
        expect(error).toBeInstanceOf(VireoError);
      }
    }),
    { seed: 4, numRuns: 2000 },
  );
});
