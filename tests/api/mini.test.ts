import { readFile } from "node:fs/promises";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { type Engine, open } from "../../src/runtime/engine.ts";
import { type Listening, listen } from "../../src/server/listen.ts";

// The bundled trained model, through the whole path: the samples of the playground as data URLs,
// over HTTP, streamed back to the official client. These are questions that it answers right: how
// often it does on pages it has not seen is in models/mini/MODEL_CARD.md.

const ROOT = new URL("../../", import.meta.url);
const MODEL = "vireo/mini";
let engine: Engine;
let server: Listening;
let client: OpenAI;

beforeAll(async () => {
  const folder = new URL("models/mini", ROOT).pathname;
  engine = await open(folder, { cacheDir: false, modelId: MODEL, contextTokens: 4096 });
  server = await listen({ upstream: engine, log: silentLog, host: "127.0.0.1", port: 0 });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
});

afterAll(async () => {
  await server.close(100);
  await engine.close();
});

async function ask(sample: string | undefined, text: string): Promise<string> {
  const content: OpenAI.ChatCompletionContentPart[] = [{ type: "text", text }];
  if (sample !== undefined) {
    const bytes = await readFile(new URL(`web/src/samples/${sample}.png`, ROOT));
    const url = `data:image/png;base64,${bytes.toString("base64")}`;
    content.unshift({ type: "image_url", image_url: { url } });
  }
  const stream = await client.chat.completions.create({
    model: MODEL,
    messages: [{ role: "user", content }],
    max_tokens: 200,
    temperature: 0,
    stream: true,
  });
  let answer = "";
  for await (const chunk of stream) answer += chunk.choices[0]?.delta.content ?? "";
  return answer;
}

const RIGHT: readonly (readonly [sample: string | undefined, question: string, answer: string])[] =
  [
    [
      "invoice",
      "Return JSON with the keys vendor, date, customer, total.",
      '{"vendor": "Rossi Trading Co", "date": "25.08.2016", "customer": "Lucas Park", ' +
        '"total": "93.10"}',
    ],
    ["invoice", "Which company is it from?", "Rossi Trading Co"],
    ["invoice", "What is the total?", "93.10"],
    ["invoice", "Who is it for?", "Lucas Park"],
    ["invoice", "What is the IBAN?", "The document does not say."],
    ["chart", "What is the title?", "Sales 2027"],
    ["chart", "What is the value of Q1?", "79"],
    ["chart", "What is the value of Q2?", "62"],
    ["chart", "What is the value of Q3?", "82"],
    ["chart", "What is the value of Q4?", "76"],
    ["chart", "List all values.", "Q1: 79, Q2: 62, Q3: 82, Q4: 76"],
    ["shapes", "How many shapes are there?", "4"],
    ["shapes", "How many purple shapes are there?", "2"],
    ["shapes", "How many stars are there?", "2"],
    ["shapes", "How many circles are there?", "0"],
    ["shapes", "What is at the bottom left?", "a blue square"],
    ["shapes", "Where is the blue square?", "bottom left"],
    [
      "shapes",
      "Describe the picture.",
      "orange star (top left), purple star (top right), purple star (middle), " +
        "blue square (bottom left)",
    ],
    [undefined, "Are you ChatGPT?", "No. I am vireo mini, with about ten million parameters."],
  ];

test.each(RIGHT)("%s: %s", { timeout: 60_000 }, async (sample, question, answer) => {
  expect(await ask(sample, question)).toBe(answer);
});

test("the bundled model is not NVIDIA's", async () => {
  const model = await client.models.retrieve(MODEL);
  expect(model.owned_by).toBe("vireo");
});
