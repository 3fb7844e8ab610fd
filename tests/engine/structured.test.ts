import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ChatEvent,
  type ChatRequest,
  GREEDY,
  type ToolDefinition,
} from "../../src/core/chat.ts";
import { VireoError } from "../../src/core/errors.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { randomSchema } from "../schemas/random-schema.ts";
import { violation } from "../schemas/validate.ts";
import { type Answered, ask, openTiny, requestOf, settled, usingTiny } from "./asking.ts";

// models/tiny has random weights: its answers are noise, which is the hardest case.

/** `node scripts/check-schemas.mjs --runs 1000` runs more. */
const RUNS = Number(process.env.SCHEMA_RUNS ?? 200);
const AT_ONCE = 16;

let engine: Engine;
beforeAll(async () => {
  engine = await openTiny({ maxSequences: AT_ONCE });
});
afterAll(() => engine.close());

function noise(seed: number, changes: Partial<ChatRequest>): ChatRequest {
  const sampling = { ...GREEDY, temperature: 1, seed: BigInt(seed) };
  const { topLogprobs: _, ...request } = requestOf("Hello", { sampling, maxTokens: 400 });
  return { ...request, ignoreEos: false, ...changes };
}

const json = (schema: unknown) =>
  ({ type: "json_schema", schema: JSON.stringify(schema) }) as const;

const isWhole = ({ end }: Answered) => end.reason === "stop";

test(`${RUNS} random schemas: every finished answer parses and satisfies its schema`, async () => {
  const schemas = fc.sample(randomSchema, { numRuns: RUNS, seed: RUNS });
  const reasons = new Map<string, number>();
  const one = async (index: number): Promise<void> => {
    const schema = schemas[index];
    const reasoning = index % 7 === 0 ? { enabled: true, budgetTokens: 1 + (index % 5) } : {};
    let answer: Answered;
    try {
      answer = await ask(engine, noise(index, { output: json(schema), reasoning, maxTokens: 700 }));
    } catch (error) {
      expect(error).toMatchObject({ code: "invalid_schema" });
      reasons.set("refused", (reasons.get("refused") ?? 0) + 1);
      return;
    }
    const { nativeReason } = answer.end;
    reasons.set(nativeReason, (reasons.get(nativeReason) ?? 0) + 1);
    if (!isWhole(answer)) return;
    const wrong = violation(schema, JSON.parse(answer.text));
    expect(wrong, `${JSON.stringify(schema)}\n${answer.text}`).toBeUndefined();
  };
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < RUNS) await one(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (process.env.SCHEMA_RUNS) console.log(Object.fromEntries(reasons));
  const whole = (reasons.get("grammar_end") ?? 0) + (reasons.get("eos") ?? 0);
  expect(whole).toBeGreaterThan(RUNS * 0.7);
  expect(engine.stats).toMatchObject({ running: 0, waiting: 0 });
});

describe("other forms", () => {
  test("any JSON object", async () => {
    for (let seed = 0; seed < 4; seed++) {
      const answer = await ask(engine, noise(seed, { output: { type: "json_object" } }));
      if (isWhole(answer)) expect(JSON.parse(answer.text)).toBeTypeOf("object");
      else expect(answer.text).toMatch(/^\{/);
    }
  });

  test("a pattern, a choice, a grammar", async () => {
    const choices = ["yes", "no", "it depends"];
    const ebnf = 'root ::= "<" [a-c]{1,5} ">" ("!" | "?")';
    for (let seed = 0; seed < 4; seed++) {
      const of = async (output: NonNullable<ChatRequest["output"]>) =>
        await ask(engine, noise(seed, { output }));
      const pattern = await of({ type: "regex", pattern: "(\\d{3}-)?\\d{2}" });
      expect(pattern.text).toMatch(/^(\d{3}-)?\d{2}$/);
      expect(choices).toContain((await of({ type: "choice", choices })).text);
      const grammar = await of({ type: "grammar", ebnf });
      expect(grammar.text).toMatch(/^<[a-c]{1,5}>[!?]$/);
      expect(grammar.end.nativeReason).toBe("grammar_end");
    }
  });

  test("greedy answers repeat and do not depend on other requests", async () => {
    const output = json({ type: "array", items: { type: "integer", minimum: 0 }, minItems: 3 });
    const request = noise(1, { output, sampling: GREEDY, maxTokens: 60 });
    const alone = await ask(engine, request);
    const others = [2, 3, 4].map((seed) => ask(engine, noise(seed, { output, maxTokens: 60 })));
    expect((await ask(engine, request)).text).toBe(alone.text);
    await Promise.all(others);
  });
});

describe("beside other wishes", () => {
  const output = json({ type: "object", properties: { a: { type: "integer" } }, required: ["a"] });

  test("no bias, ban or stop string breaks it, and nothing outlasts it", async () => {
    const sampling = {
      ...GREEDY,
      temperature: 1,
      seed: 3n,
      logitBias: Array.from(
        { length: 500 },
        (_, id) => [id + 20, id % 3 === 0 ? 100 : -100] as const,
      ),
      badWords: ["{", "}", '"', "a", ":"],
    };
    const changes = { sampling, stop: ["a", "}"], stopTokenIds: [1, 100, 200], minTokens: 390 };
    const answer = await ask(engine, noise(3, { output, ignoreEos: true, ...changes }));
    expect(answer.end).toMatchObject({ reason: "stop", nativeReason: "grammar_end" });
    expect(violation(JSON.parse(output.schema), JSON.parse(answer.text))).toBeUndefined();
  });

  test("log probabilities cover the answer's tokens", async () => {
    const answer = await ask(engine, noise(4, { output, topLogprobs: 2 }));
    expect(answer.tokens).toHaveLength(answer.usage.completionTokens);
    const bytes = Buffer.concat(answer.tokens.map((token) => token.bytes));
    expect(bytes.toString()).toBe(answer.text);
  });

  test("it begins after the reasoning and the line breaks", async () => {
    for (let seed = 0; seed < 6; seed++) {
      const reasoning = { enabled: true, budgetTokens: 5 };
      const answer = await ask(engine, noise(seed, { output, reasoning, maxTokens: 900 }));
      expect(answer.reasoning).not.toBe("");
      expect(answer.text).toMatch(/^\{.*\}$/s);
    }
  });

  test("an incomplete text is reported as such", async () => {
    const answer = await ask(engine, noise(1, { output, maxTokens: 2 }));
    expect(answer.end).toMatchObject({ reason: "length", nativeReason: "length" });
  });

  test("a message cannot be continued in a form", async () => {
    const messages = [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "{" },
    ] as const;
    const request = noise(1, { output, messages, continueFinalMessage: true });
    await expect(ask(engine, request)).rejects.toMatchObject({ code: "unsupported_parameter" });
  });

  test("preemption changes nothing", async () => {
    const wish = json({ type: "array", items: { type: "string", maxLength: 9 }, minItems: 30 });
    const requests = [1, 2, 3, 4].map((seed) => noise(seed, { output: wish, maxTokens: 350 }));
    const calm: string[] = [];
    for (const request of requests) calm.push((await ask(engine, request)).text);
    await usingTiny({ contextTokens: 512, memoryBytes: 40e6, maxSequences: 4 }, async (small) => {
      const all = await Promise.all(requests.map((request) => ask(small, request)));
      expect(all.map((answer) => answer.text)).toEqual(calm);
    });
  });
});

describe("hostile wishes", () => {
  const deep = (depth: number): unknown =>
    depth === 0 ? {} : { type: "array", items: deep(depth - 1) };
  const wishes: [string, NonNullable<ChatRequest["output"]>][] = [
    ["a false schema", json(false)],
    ["an empty object as schema", json({})],
    ["a thousand levels", json(deep(1000))],
    ["a remote $ref", json({ $ref: "http://169.254.169.254/schema" })],
    [
      "a recursive $ref",
      json({ anyOf: [{ type: "null" }, { type: "array", items: { $ref: "#" } }] }),
    ],
    ["a million values", json({ enum: Array.from({ length: 1_000_000 }, (_, i) => i) })],
    ["a catastrophic pattern", json({ type: "string", pattern: "^(a+)+$" })],
    ["maxLength 1e9", json({ type: "string", maxLength: 1e9 })],
    ["maxLength 20000", json({ type: "string", maxLength: 20_000 })],
    ["minItems 1e9", json({ type: "array", minItems: 1e9 })],
    ["a contradiction", json({ allOf: [{ type: "string" }, { type: "null" }] })],
    [
      "1500 optional properties",
      json({
        properties: Object.fromEntries(
          Array.from({ length: 1500 }, (_, i) => [`p${i}`, { type: "integer" }]),
        ),
      }),
    ],
    ["a slow pattern", { type: "regex", pattern: "((a?){1000}){1000}" }],
    ["an ambiguous grammar", { type: "grammar", ebnf: 'root ::= x x x x\nx ::= "a"* | [a-z]*' }],
    ["no grammar", { type: "grammar", ebnf: "root ::= (" }],
    ["no choices", { type: "choice", choices: [] }],
    ["a schema that is not JSON", { type: "json_schema", schema: "{" }],
  ];

  test.each(
    wishes,
  )("%s is refused or answered, and the engine keeps working", async (_name, output) => {
    try {
      const answer = await ask(engine, noise(1, { output, maxTokens: 12 }));
      expect(answer.usage.completionTokens).toBeLessThanOrEqual(12);
    } catch (error) {
      expect(error).toBeInstanceOf(VireoError);
      expect((error as VireoError).code).toBe("invalid_schema");
    }
    const after = await ask(engine, requestOf("Hello", { maxTokens: 2 }));
    expect(after.ids).toHaveLength(2);
  });

  test("a grammar that proves too ambiguous ends only its own answer", async () => {
    const ends = [..."abcdefgh"].map((end) => `"a" s "${end}"`).join(" | ");
    const output = { type: "grammar", ebnf: `root ::= s\ns ::= ${ends} | "!"` } as const;
    const bad = ask(engine, noise(1, { output, sampling: { ...GREEDY, logitBias: [[75, 50]] } }));
    const good = ask(engine, requestOf("Hello", { maxTokens: 30 }));
    await bad.catch((error: VireoError) => expect(error.code).toBe("invalid_schema"));
    expect((await good).ids).toHaveLength(30);
    await settled(engine);
  });
});

describe("tools", () => {
  const weather: ToolDefinition = {
    name: "get_weather",
    description: "Says how the weather is.",
    parameters: {
      type: "object",
      properties: {
        city: { enum: ["Rome", "Oslo"] },
        days: { type: "integer", minimum: 1, maximum: 9 },
      },
      required: ["city"],
    },
  };
  const clock: ToolDefinition = {
    name: "clock",
    parameters: { type: "object", properties: { zone: { type: "string", maxLength: 4 } } },
  };
  type Call = Extract<ChatEvent, { type: "tool_call" }>;

  async function callsOf(request: ChatRequest) {
    const events: ChatEvent[] = [];
    for await (const event of engine.chat(request)) events.push(event);
    const calls = events.filter((event): event is Call => event.type === "tool_call");
    return { calls, events, end: events.at(-1) as Answered["end"] };
  }
  const tools = [weather, clock];

  test.each([true, false])("required, parallel: %s", async (parallelToolCalls) => {
    for (let seed = 0; seed < 5; seed++) {
      const changes = {
        tools,
        toolChoice: "required",
        parallelToolCalls,
        maxTokens: 3000,
      } as const;
      const { calls, events, end } = await callsOf(noise(seed, changes));
      expect(end).toMatchObject({ reason: "tool_calls", nativeReason: "tool_call" });
      expect(events.some((event) => event.type === "text")).toBe(false);
      expect(calls.length).toBeGreaterThan(0);
      if (!parallelToolCalls) expect(calls).toHaveLength(1);
      expect(calls.map((call) => call.index)).toEqual(calls.map((_, at) => at));
      for (const call of calls) {
        const tool = tools.find((one) => one.name === call.name);
        expect(violation(tool?.parameters, JSON.parse(call.arguments))).toBeUndefined();
      }
    }
  });

  test("a named tool, after reasoning, whatever the stop strings", async () => {
    const toolChoice = { name: "clock" };
    const reasoning = { enabled: true, budgetTokens: 3 };
    const changes = { tools, toolChoice, reasoning, stop: ["c", "{", "<"], maxTokens: 1500 };
    const { calls, events, end } = await callsOf(noise(2, changes));
    expect(calls.map((call) => call.name)).toEqual(["clock"]);
    expect(end.reason).toBe("tool_calls");
    expect(events.some((event) => event.type === "reasoning")).toBe(true);
  });

  test("several rounds: calls and results are read again", async () => {
    const { calls } = await callsOf(noise(7, { tools, toolChoice: "required", maxTokens: 3000 }));
    const results = calls.map((call) => ({ role: "tool", content: `"${call.name}"` }) as const);
    const messages = [
      { role: "user", content: "How is it?" },
      { role: "assistant", content: "", toolCalls: calls },
      ...results,
    ] as const;
    const next = await callsOf(
      noise(8, { tools, messages, toolChoice: "required", maxTokens: 3000 }),
    );
    expect(next.end.reason).toBe("tool_calls");
    const answer = await callsOf(noise(8, { tools, messages, toolChoice: "none" }));
    expect(answer.calls).toEqual([]);
  });

  test("a strict tool whose schema cannot be enforced is refused with its path", async () => {
    const odd = { name: "odd", strict: true, parameters: { not: {} } };
    const request = noise(1, { tools: [clock, odd] });
    await expect(callsOf(request)).rejects.toMatchObject({
      code: "invalid_schema",
      param: "tools[1].function.parameters",
    });
  });
});
