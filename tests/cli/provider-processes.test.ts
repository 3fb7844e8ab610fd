// Needs: ffmpeg.
// Providers in processes of their own: another vireo, and one that is killed under fifty streams.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, expect, test } from "vitest";
import { pdf } from "../fixtures/pdf-files.ts";
import { ffmpeg, pattern } from "../fixtures/video-files.ts";
import { vireoProcess } from "./serve-process.ts";

const STREAMS = 50;
const running: (() => void)[] = [];
afterEach(() => {
  for (const end of running.splice(0)) end();
});

/** Starts a command of vireo, which ends with the test. */
async function start(...args: readonly string[]) {
  const { child, url } = vireoProcess([...args, "--port", "0"]);
  running.push(() => child.kill("SIGKILL"));
  return { child, url: (await url).replace(/\/v1$/, "") };
}

function post(url: string, body: object): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** The fields that both servers must agree on. */
async function answerOf(response: Response) {
  const { choices, usage } = (await response.json()) as {
    choices: readonly { message: { content: string }; finish_reason: string }[];
    usage: object;
  };
  return { status: response.status, choices, usage };
}

test("another vireo answers as if it were asked itself, whatever the request has", async () => {
  const far = await start("serve");
  const near = await start("serve", "--upstream", far.url, "--upstream-dialect", "vireo");
  const red = { create: { width: 96, height: 64, channels: 3, background: "red" } } as const;
  const png = (await sharp(red).png().toBuffer()).toString("base64");
  const user = (content: unknown) => ({ messages: [{ role: "user", content }], max_tokens: 12 });
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } };
  const clip = ffmpeg(`${pattern("64x48", 10, 2)} -c:v libx264 -pix_fmt yuv420p`, "mp4");
  const url = `data:video/mp4;base64,${clip.toString("base64")}`;
  const video = { type: "video_url", video_url: { url }, num_frames: 2, start: 0.5 };
  const file_data = pdf([{ lines: ["Total 12"] }]).toString("base64");
  const file = { type: "file", file: { file_data, pages: "1", dpi: 72 } };
  const schema = { type: "object", properties: { n: { type: "integer", maximum: 9 } } };
  const parameters = { type: "object", properties: { city: { type: "string", maxLength: 8 } } };
  const bodies = [
    user("Say something."),
    user([image, { type: "text", text: "What colour is this?" }]),
    user([video, { type: "text", text: "What moves?" }]),
    user([file, { type: "text", text: "What is the total?" }]),
    { ...user("A number."), response_format: { type: "json_schema", json_schema: { schema } } },
    {
      ...user("Weather?"),
      max_tokens: 60,
      tools: [{ type: "function", function: { name: "weather", parameters } }],
      tool_choice: "required",
    },
    { ...user("Think."), reasoning: { enabled: true }, seed: 3 },
    { ...user("Say something."), logprobs: true, top_logprobs: 2 },
  ];
  for (const body of bodies) {
    const own = { model: "vireo/mini", ...body };
    const [there, here] = [await post(far.url, own), await post(near.url, own)];
    expect(here.headers.get("x-provider")).toBe("upstream");
    expect(withoutIds(await answerOf(here))).toEqual(withoutIds(await answerOf(there)));
  }
});

/** Ids of calls are made anew by each server; caches differ between the first and second time. */
function withoutIds(answer: object): object {
  const text = JSON.stringify(answer).replace(/"id":"call_\w+"/g, '"id":""');
  return JSON.parse(text.replace(/"cached_tokens":\d+/g, '"cached_tokens":0')) as object;
}

test("a provider that is killed under fifty streams ends none of them cleanly", async () => {
  const provider = await start("chaos", "--fault", "endless");
  const folder = mkdtempSync(join(tmpdir(), "vireo-providers-"));
  running.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "vireo.yaml");
  writeFileSync(
    file,
    [
      "providers:",
      `  first: { kind: openai-compatible, url: "${provider.url}/v1" }`,
      "  backup: { kind: chaos }",
      "models:",
      "  m: { providers: [first, backup] }",
      "...",
      "",
    ].join("\n"),
  );
  const { url } = await start("serve", "--config", file);
  const body = { model: "m", messages: [{ role: "user", content: "Hi" }], stream: true };
  const responses = await Promise.all(Array.from({ length: STREAMS }, () => post(url, body)));
  const texts = responses.map((response) => response.text());
  provider.child.kill("SIGKILL");
  for (const text of await Promise.all(texts)) {
    expect(text).toContain('"finish_reason":"error"');
    expect(text).not.toContain("[DONE]");
  }
  const next = await post(url, { ...body, stream: false });
  expect(next.headers.get("x-provider")).toBe("backup");
  expect((await answerOf(next)).choices[0]?.finish_reason).toBe("stop");
});
