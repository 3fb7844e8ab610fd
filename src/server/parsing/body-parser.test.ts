import { afterAll, expect, test } from "vitest";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { StoredTurn, StoredTurns } from "../../protocols/openai/response-memory.ts";
import { BodyParser } from "./body-parser.ts";
import { type ParserName, parseAs } from "./parsers.ts";

const parser = new BodyParser();
afterAll(() => parser.close(new VireoError("engine_closed", "the test is over")));

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const turn = { tenant: "a" };
const models = [
  {
    id: "m",
    aliases: [],
    createdUnix: 0,
    ownedBy: "us",
    contextTokens: 1000,
    maxOutputTokens: 1000,
    fingerprint: "f",
  },
];
const long = "word ".repeat(80_000);
const png = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.alloc(300_000, 7)]);
const url = `data:image/png;base64,${png.toString("base64")}`;
const pictureMessages = [
  {
    role: "user",
    content: [
      { type: "text", text: "\u20ac\ud83d\ude00" },
      { type: "image_url", image_url: { url } },
    ],
  },
];
const BODIES: readonly (readonly [ParserName, object])[] = [
  ["chat", { model: "m", messages: pictureMessages, tools: [toolOf("f")], logit_bias: { 3: 1 } }],
  ["completion", { model: "m", prompt: [long, "b"] }],
  ["messages", { model: "m", max_tokens: 4, messages: [{ role: "user", content: long }] }],
  ["messageCount", { model: "m", messages: [{ role: "user", content: long }] }],
  ["response", { model: "m", store: false, input: long, instructions: "Be brief." }],
  ["call", { prompt: [{ role: "user", content: [{ type: "text", text: long }] }] }],
  ["estimate", { model: "m", messages: pictureMessages }],
  ["extraction", { model: "m", schema: "invoice", file: { file_data: url } }],
  ["tokenize", { model: "m", prompt: long }],
  ["detokenize", { model: "m", tokens: Array(200_000).fill(12) }],
];

function toolOf(name: string): object {
  return { type: "function", function: { name, parameters: { type: "object" } } };
}

/** Buffer and Uint8Array with the same bytes count as equal. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("base64") };
  if (value instanceof Map) return { map: [...value].map(plain) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}

test.each(BODIES)("the worker parses a body for %s as the event loop does", async (name, body) => {
  const encoded = bytes(body);
  expect(encoded.length).toBeGreaterThan(LIMITS.parsing.inlineBytes);
  const context = { models, model: "m" };
  const expected = plain(parseAs(name, JSON.parse(JSON.stringify(body)), context));
  expect(plain(await parser.parse(name, encoded, context, turn))).toEqual(expected);
});

test("media move from the worker without a copy, and the body moves there", async () => {
  const body = bytes({ model: "m", messages: pictureMessages });
  const { request } = await parser.parse("chat", body, { models }, turn);
  const part = request.messages[0]?.content[1];
  expect(typeof part === "object" && part.type === "image" && part.bytes.length).toBe(png.length);
  expect(body.length).toBe(0);
});

test("errors cross with their code, field and numbers", async () => {
  const body = { model: "m", messages: [{ role: "user", content: [{ type: "text" }] }], x: long };
  await expect(parser.parse("chat", bytes(body), { models }, turn)).rejects.toMatchObject({
    code: "missing_required",
    param: "messages[0].content[0].text",
  });
  const many = { x: Array(LIMITS.json.values).fill(1) };
  await expect(parser.parse("chat", bytes(many), { models }, turn)).rejects.toMatchObject({
    code: "out_of_range",
    metadata: { limit: LIMITS.json.values },
  });
  const noJson = new TextEncoder().encode(`{"x":"${long}"`);
  await expect(parser.parse("chat", noJson, { models }, turn)).rejects.toMatchObject({
    code: "invalid_json",
  });
});

/** Stored turns of which each has the given text. */
function turnsOf(text: string): StoredTurns {
  const message = (id: string, role: string) => ({ id, type: "message", role, content: text });
  const item = bytes(message("in", "user"));
  const response = bytes({ id: "r", output: [message("out", "assistant")] });
  const whole: StoredTurn = { items: [item], response };
  return {
    history: (id) => (id === "r" ? [whole] : undefined),
    turnOf: (id) => (id === "in" ? { items: [item] } : id === "out" ? whole : undefined),
  };
}

test.each([
  ["small", "word"],
  ["large", long],
])("a request goes on from %s stored responses", async (_, text) => {
  const turns = turnsOf(text);
  const body = {
    model: "m",
    previous_response_id: "r",
    input: [
      { type: "item_reference", id: "in" },
      { type: "item_reference", id: "out" },
    ],
  };
  const { request, items } = await parser.parse("response", bytes(body), { models, turns }, turn);
  const said = request.messages.map(({ role, content }) => [role, content]);
  const pair = [
    ["user", text],
    ["assistant", text],
  ];
  expect(said).toEqual([...pair, ...pair]);
  expect(items).toEqual([]);
  const unknown = { ...body, previous_response_id: "other" };
  await expect(
    parser.parse("response", bytes(unknown), { models, turns }, turn),
  ).rejects.toMatchObject({ code: "response_not_found" });
});
