import type OpenAI from "openai";
import { BadRequestError } from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { openRealServer, type RealServer } from "./real-server.ts";

// The official client against the real engine on models/tiny, whose answers are noise. All
// structure that the client parses comes from the grammar.

const MODEL = "nvidia/nemotron-nano-12b-v2-vl";
let real: RealServer;
let client: OpenAI;
beforeAll(async () => {
  real = await openRealServer({ contextTokens: 8192, maxSequences: 4 });
  client = real.client;
});
afterAll(() => real.close());

type Message = OpenAI.ChatCompletionMessageParam;
const user: Message = { role: "user", content: "How is the weather in Rome?" };
const ask = (seed: number, messages: Message[] = [user]) => ({
  model: MODEL,
  messages,
  temperature: 1,
  seed,
  max_tokens: 3000,
});

const weather: OpenAI.ChatCompletionFunctionTool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather of a city.",
    strict: true,
    parameters: {
      type: "object",
      properties: { city: { type: "string", enum: ["Rome", "Oslo"] } },
      required: ["city"],
      additionalProperties: false,
    },
  },
};
const clock: OpenAI.ChatCompletionFunctionTool = {
  type: "function",
  function: { name: "clock", parameters: { type: "object", properties: {} } },
};
const tools = [weather, clock];

describe("tools", () => {
  test("two rounds", async () => {
    const first = await client.chat.completions.create({
      ...ask(1),
      tools,
      tool_choice: { type: "function", function: { name: "get_weather" } },
    });
    const [choice] = first.choices;
    expect(choice?.finish_reason).toBe("tool_calls");
    expect(choice?.message.content).toBeNull();
    const [call] = choice?.message.tool_calls ?? [];
    if (call?.type !== "function") throw new Error("no call of a function");
    expect(call.id).toMatch(/^call_[0-9A-Za-z]{24}$/);
    expect(["Rome", "Oslo"]).toContain(JSON.parse(call.function.arguments).city);

    const result: Message = { role: "tool", tool_call_id: call.id, content: '{"sky": "blue"}' };
    const messages: Message[] = [user, choice!.message, result];
    const second = await client.chat.completions.create({
      ...ask(2, messages),
      tools,
      max_tokens: 9,
    });
    expect(second.usage!.prompt_tokens).toBeGreaterThan(first.usage!.prompt_tokens + 20);
    const third = await client.chat.completions.create({
      ...ask(3, messages),
      tools,
      tool_choice: "required",
      parallel_tool_calls: false,
    });
    expect(third.choices[0]?.message.tool_calls).toHaveLength(1);
  });

  test("several calls in one answer", async () => {
    const counts = new Set<number>();
    const [comma = 0] = real.engine.tokenize(","); // Noise rarely continues a list.
    for (let seed = 0; seed < 8; seed++) {
      const logit_bias = { [comma]: 6 };
      const request = { ...ask(seed), tools, tool_choice: "required", logit_bias } as const;
      const { choices } = await client.chat.completions.create(request);
      const calls = choices[0]?.message.tool_calls ?? [];
      counts.add(calls.length);
      expect(new Set(calls.map((call) => call.id)).size).toBe(calls.length);
    }
    expect(Math.max(...counts)).toBeGreaterThan(1);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  test("the stream helper assembles the complete answer", async () => {
    const request = { ...ask(5), tools, tool_choice: "required" } as const;
    const whole = await client.chat.completions.create(request);
    const functions = (completion: OpenAI.ChatCompletion) =>
      completion.choices[0]?.message.tool_calls?.map((call) =>
        call.type === "function" ? call.function : undefined,
      );
    const runner = client.chat.completions.stream(request);
    const streamed = await runner.finalChatCompletion();
    expect(streamed.choices[0]?.finish_reason).toBe("tool_calls");
    const spoken = functions(streamed)?.map((call) => ({
      name: call?.name,
      arguments: call?.arguments,
    }));
    expect(spoken).toEqual(functions(whole));

    const indexes = new Set<number>();
    for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
      for (const delta of chunk.choices[0]?.delta.tool_calls ?? []) {
        if (!indexes.has(delta.index)) {
          expect(delta).toMatchObject({ type: "function", function: { arguments: "" } });
        }
        indexes.add(delta.index);
      }
    }
    expect([...indexes]).toEqual(functions(whole)?.map((_, at) => at));
  });

  test("deprecated functions", async () => {
    const { choices } = await client.chat.completions.create({
      ...ask(6),
      functions: [{ name: "clock", parameters: { type: "object", properties: {} } }],
      function_call: { name: "clock" },
    });
    expect(choices[0]?.message.tool_calls).toHaveLength(1);
  });

  test("tool_choice none hides the tools from the model", async () => {
    const request = { ...ask(7), tools, tool_choice: "none", max_tokens: 5 } as const;
    const none = await client.chat.completions.create(request);
    const without = await client.chat.completions.create({ ...ask(7), max_tokens: 5 });
    expect(none.usage?.prompt_tokens).toBe(without.usage?.prompt_tokens);
  });

  test("an unsupported schema is an error that names the tool", async () => {
    const odd = { name: "odd", strict: true, parameters: { patternProperties: {} } };
    const request = { ...ask(8), tools: [clock, { type: "function" as const, function: odd }] };
    const answer = client.chat.completions.create(request);
    await expect(answer).rejects.toMatchObject({
      status: 400,
      code: "invalid_schema",
      param: "tools[1].function.parameters",
    });
  });
});

describe("structured output", () => {
  const Step = z.object({ explanation: z.string().max(20), value: z.number().nullable() });
  const Answer = z.object({
    steps: z.array(Step).max(2),
    unit: z.enum(["m", "s"]),
    sure: z.boolean().optional().nullable(),
  });

  test("parse returns objects of the client's schema", async () => {
    for (let seed = 0; seed < 5; seed++) {
      const { choices } = await client.chat.completions.parse({
        ...ask(seed),
        response_format: zodResponseFormat(Answer, "answer"),
      });
      expect(choices[0]?.finish_reason).toBe("stop");
      expect(Answer.parse(choices[0]?.message.parsed)).toBeTruthy();
    }
  });

  test("streamed", async () => {
    const runner = client.chat.completions.stream({
      ...ask(9),
      response_format: zodResponseFormat(Answer, "answer"),
    });
    const { choices } = await runner.finalChatCompletion();
    expect(Answer.parse(choices[0]?.message.parsed)).toBeTruthy();
  });

  test("any JSON object, and vLLM's fields", async () => {
    const object = await client.chat.completions.create({
      ...ask(10),
      response_format: { type: "json_object" },
      max_tokens: 60,
    });
    expect(object.choices[0]?.message.content).toMatch(/^\{/);
    const choice = { ...ask(11), guided_choice: ["left", "right"] };
    const { choices } = await client.chat.completions.create(choice);
    expect(["left", "right"]).toContain(choices[0]?.message.content);
    expect(choices[0]).toMatchObject({ native_finish_reason: "grammar_end" });
  });

  test.each([
    true,
    false,
  ])("a schema that cannot be kept is refused, stream: %s", async (stream) => {
    const schema = { type: "object", properties: { a: { type: "array", uniqueItems: true } } };
    const json_schema = { name: "x", schema };
    const response_format = { type: "json_schema" as const, json_schema };
    const answer = client.chat.completions.create({ ...ask(12), response_format, stream });
    await expect(answer).rejects.toThrow(BadRequestError);
    await expect(answer).rejects.toThrow("#/properties/a/uniqueItems");
  });
});

test("a suffix of the model's name turns reasoning on", async () => {
  const request = { ...ask(1), model: `${MODEL}:thinking`, max_tokens: 5 };
  const completion = await client.chat.completions.create(request);
  expect(completion.model).toBe(MODEL);
  expect(completion.choices[0]?.message).toHaveProperty("reasoning_content");
});
