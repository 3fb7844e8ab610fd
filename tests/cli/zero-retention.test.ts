// A canary in text, tool arguments, schema, file name, picture metadata and PDF text: with --zdr it
// is nowhere after the answer, and nowhere on disk after kill -9.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServeProcess, vireoProcess } from "./serve-process.ts";

let folder: string;
let server: ServeProcess;
let url: string;
const canary = (name: string) => `${name}${randomBytes(12).toString("hex")}`;
const CANARIES = {
  text: canary("text"),
  argument: canary("argument"),
  schema: canary("schema"),
  fileName: canary("name"),
  metadata: canary("metadata"),
  page: canary("page"),
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vireo-zdr-process-"));
  const model = new URL("../../models/tiny", import.meta.url).pathname;
  const flags = ["--port", "0", "--zdr", "--no-cache", "--log-level", "debug"];
  server = vireoProcess(["serve", "--model", model, ...flags], {
    cwd: folder,
    // without the second flag V8 cuts the strings of a snapshot
    nodeFlags: ["--heapsnapshot-signal=SIGUSR2", "--heap-snapshot-string-limit=1000000"],
    env: { TMPDIR: folder, XDG_CACHE_HOME: folder },
  });
  url = await server.url;
}, 60_000);
afterAll(() => {
  server?.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function picture(): Promise<string> {
  const file = await sharp({ create: { width: 64, height: 64, channels: 3, background: "blue" } })
    .withExif({ IFD0: { ImageDescription: CANARIES.metadata } })
    .jpeg()
    .toBuffer();
  return `data:image/jpeg;base64,${file.toString("base64")}`;
}

/** A PDF of one page with that text. */
function pdf(text: string): string {
  const content = `BT /F1 12 Tf 20 100 Td (${text}) Tj ET`;
  const objects = [
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents 4 0 R" +
      "/Resources<</Font<</F1 5 0 R>>>>>>",
    `<</Length ${content.length}>>stream\n${content}\nendstream`,
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
  ];
  const body = objects.map((object, at) => `${at + 1} 0 obj${object}endobj\n`).join("");
  const file = `%PDF-1.4\n${body}trailer<</Root 1 0 R/Size 6>>\n%%EOF`;
  return `data:application/pdf;base64,${Buffer.from(file).toString("base64")}`;
}

async function requestWithCanaries(): Promise<object> {
  const { text, argument, schema, fileName, page } = CANARIES;
  const call = {
    id: "call_1",
    type: "function",
    function: { name: "f", arguments: JSON.stringify({ x: argument }) },
  };
  const parameters = { type: "object", properties: { x: { type: "string", description: schema } } };
  const content = [
    { type: "text", text },
    { type: "image_url", image_url: { url: await picture() } },
    { type: "file", file: { filename: `${fileName}.pdf`, file_data: pdf(page) } },
  ];
  return {
    model: "vireo/tiny",
    max_tokens: 4,
    tools: [{ type: "function", function: { name: "f", parameters, strict: true } }],
    tool_choice: "required",
    messages: [
      { role: "user", content },
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: text },
    ],
  };
}

const found = (where: string) => Object.values(CANARIES).filter((one) => where.includes(one));

function foundOnDisk(): readonly string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && !file.name.endsWith(".heapsnapshot"))
    .flatMap((file) => found(readFileSync(join(file.parentPath, file.name), "latin1")));
}

async function post(body: object): Promise<Response> {
  return await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body: JSON.stringify(body),
  });
}

/** The heap after a collection, as the process writes it on a signal. */
async function heapSnapshot(): Promise<string> {
  server.child.kill("SIGUSR2");
  const names = () => readdirSync(folder).filter((name) => name.endsWith(".heapsnapshot"));
  await expect.poll(names, { timeout: 60_000 }).toHaveLength(1);
  const path = join(folder, names()[0]!);
  const whole = () => readFileSync(path, "latin1").trimEnd().endsWith("}");
  await expect.poll(whole, { timeout: 60_000 }).toBe(true);
  return readFileSync(path, "latin1");
}

test("the canary is nowhere after the answer", { timeout: 180_000 }, async () => {
  const response = await post(await requestWithCanaries());
  expect([response.status, response.headers.get("x-zdr")]).toEqual([200, "enforced"]);
  await response.text();
  await (
    await post({ model: "vireo/tiny", messages: [{ role: "user", content: "Hi" }], max_tokens: 1 })
  ).text();
  expect(found(server.log())).toEqual([]);
  expect(found(await (await fetch(`${url}/metrics`)).text())).toEqual([]);
  expect(foundOnDisk()).toEqual([]);
  expect(found(await heapSnapshot())).toEqual([]);
});

test("the canary is not on disk after kill -9", { timeout: 60_000 }, async () => {
  const request = { ...(await requestWithCanaries()), max_tokens: 2000, ignore_eos: true };
  const running = post(request).catch(() => {}); // it is cut
  await new Promise((resolve) => setTimeout(resolve, 300));
  server.child.kill("SIGKILL");
  await once(server.child, "close");
  await running;
  expect(foundOnDisk()).toEqual([]);
});
