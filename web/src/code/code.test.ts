import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Answer,
  type DocumentFile,
  newAnswer,
  type Picture,
  type Video,
} from "../conversation/model.ts";
import { requestBody, streamed } from "../state/request.ts";
import { DEFAULTS } from "../state/settings.ts";
import { toAiSdk } from "./ai-sdk.ts";
import { toCurl } from "./curl.ts";
import { toJavaScript } from "./javascript.ts";
import { toPython } from "./python.ts";
import { fileOf, fileUrl } from "./snippet.ts";

// Each snippet is run and must send the request that the page would send.

const BYTES = Buffer.from("no picture, but nobody looks");
const picture: Picture = {
  id: "p",
  name: "my 'photo' (1); rm -rf ü.png",
  type: "image/png",
  width: 2,
  height: 1,
  sizeBytes: 9,
};
const clip: Video = {
  kind: "video",
  id: "v",
  name: "clip.mp4",
  type: "video/mp4",
  sizeBytes: 9,
  playable: true,
};
const contract: DocumentFile = {
  kind: "document",
  id: "d",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a hostile file name.
  name: 'vireo-file:a/b:$(id) `id` ${1} "x".pdf',
  type: "application/pdf",
  sizeBytes: 9,
};
// biome-ignore lint/suspicious/noTemplateCurlyInString: shells and templates must not expand it.
const HOSTILE = 'It\'s "so" $HOME `id` \\n ${1} $(id) </END>\nEND\n\u2028 \u{1f426}';
const call = { id: "c1", name: "f", arguments: '{"a":1}' };
const answer: Answer = { ...newAnswer("m", 0), status: "done", text: "Hm", toolCalls: [call] };
const messages = [
  { role: "user", id: "q", text: HOSTILE, pictures: [picture], files: [clip, contract] },
  answer,
  { role: "tool", id: "t", callId: "c1", name: "f", text: "5 & 6" },
] as const;
const settings = {
  ...DEFAULTS,
  model: "vendor/m",
  system: HOSTILE,
  temperature: "0.5",
  topK: "3",
  maxTokens: "9",
  stop: "END",
  reasoning: "off",
  maxTiles: "4",
  videoPruning: "0.75",
  videoFps: "1",
  logprobs: true,
  // The AI SDK closes every object of a schema, so this one is closed already.
  tools: JSON.stringify({
    name: "f",
    description: "it's",
    parameters: { type: "object", properties: {}, additionalProperties: false },
  }),
  toolChoice: "required",
  parallelToolCalls: false,
  format: "json_object",
} as const;
const dataUrl = (type: string) => `data:${type};base64,${BYTES.toString("base64")}`;
const expected = streamed(requestBody(messages, settings, ({ type }) => dataUrl(type)));

const received: { readonly body: unknown; readonly key: string | undefined }[] = [];
const server = createServer((request, response) => {
  let text = "";
  request.on("data", (piece) => {
    text += piece;
  });
  request.on("end", () => {
    received.push({ body: JSON.parse(text), key: request.headers.authorization });
    response.writeHead(200, { "content-type": "text/event-stream" });
    const chunk = { id: "x", choices: [{ index: 0, delta: { content: "ok" } }] };
    const end = { id: "x", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
    for (const event of [chunk, end]) response.write(`data: ${JSON.stringify(event)}\n\n`);
    response.end("data: [DONE]\n\n");
  });
});
// Inside the repository, so that imports of packages resolve.
const build = join(import.meta.dirname, "..", "..", "..", "build");
mkdirSync(build, { recursive: true });
const folder = mkdtempSync(join(build, "snippets-"));
let baseUrl = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const names = [picture, clip, contract].map(({ name }) => fileOf(fileUrl("a/b", name))?.file);
  expect(names.slice(0, 2)).toEqual([picture.name, clip.name]);
  for (const name of names) writeFileSync(join(folder, name!), BYTES);
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const request = (needsKey = true) => ({
  baseUrl,
  body: streamed(requestBody(messages, settings, ({ type, name }) => fileUrl(type, name))),
  needsKey,
});

function has(command: string): boolean {
  try {
    execFileSync(command, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Runs a command while this process acts as the server; returns the request that it sent. */
async function run(command: string, args: readonly string[]) {
  const { spawn } = await import("node:child_process");
  const env = { ...process.env, VIREO_API_KEY: "sk-env" };
  const child = spawn(command, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (piece) => {
    said += piece;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(said).toBe("");
  expect(code).toBe(0);
  return received.pop();
}

describe("code", () => {
  test.skipIf(!has("curl"))("curl sends the request", async () => {
    const text = toCurl(request());
    expect(await run("sh", ["-c", text])).toEqual({ body: expected, key: "Bearer sk-env" });
  });

  test.skipIf(!has("curl"))("curl sends a request without pictures", async () => {
    const body = streamed(
      requestBody([{ ...messages[0], pictures: [], files: [] }], settings, () => ""),
    );
    const text = toCurl({ baseUrl, body, needsKey: false });
    expect(await run("sh", ["-c", text])).toEqual({ body, key: undefined });
  });

  test("JavaScript sends the request", async () => {
    const file = join(folder, "snippet.mjs");
    writeFileSync(file, toJavaScript(request()));
    expect(await run(process.execPath, [file])).toEqual({ body: expected, key: "Bearer sk-env" });
  });

  test("the AI SDK sends the request", async () => {
    const file = join(folder, "ai.mjs");
    writeFileSync(file, toAiSdk(request()));
    const sent = await run(process.execPath, [file]);
    expect(sent?.key).toBe("Bearer sk-env");
    const text = JSON.stringify(sent?.body).replaceAll('_url","text":" ","v', '_url","v');
    expect(JSON.parse(text)).toEqual(expected);
  });

  test.skipIf(!has("python3"))("the Python code runs and has the same values", () => {
    const file = join(folder, "snippet.py");
    // The package may be missing; a fake one prints the request.
    const stand = [
      "import sys, types, json, os",
      'os.environ["VIREO_API_KEY"] = "sk-env"',
      "class Create:",
      "    def create(self, extra_body={}, **body):",
      "        print(json.dumps({**body, **extra_body}))",
      "        return []",
      "class OpenAI:",
      "    def __init__(self, base_url, api_key):",
      '        assert api_key == "sk-env"',
      "        self.chat = types.SimpleNamespace(completions=Create())",
      'sys.modules["openai"] = types.SimpleNamespace(OpenAI=OpenAI)',
    ];
    writeFileSync(file, [...stand, toPython(request())].join("\n"));
    const printed = execFileSync("python3", [file], { cwd: folder, encoding: "utf8" });
    expect(JSON.parse(printed)).toEqual(expected);
  });

  test("code never contains a key", () => {
    for (const write of [toCurl, toPython, toJavaScript, toAiSdk]) {
      expect(write(request())).toContain("VIREO_API_KEY");
      expect(write(request(false))).not.toContain("VIREO_API_KEY");
    }
  });
});
