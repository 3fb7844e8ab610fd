import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";
import { asInput } from "./response-items.ts";

// Tools other than functions. The fake upstream calls each tool that it is offered.

const upstream = createFakeUpstream();
let server: Listening;
let client: OpenAI;

beforeAll(async () => {
  server = await listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0 });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "x", maxRetries: 0 });
});
afterAll(() => server.close(100));

const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: MODEL, max_tokens: 9, ...body }),
  });
  const ignored = response.headers.get("x-ignored-params") ?? "";
  const json = (await response.json()) as { error?: { message: string }; warnings?: object[] };
  return { status: response.status, ignored: ignored.split(","), json };
};
const offered = () => upstream.requests.at(-1)?.tools?.map(({ name }) => name);
const parameters = { type: "object", properties: {} };

describe("hosted tools are omitted and reported", () => {
  const messages = [{ role: "user", content: "use tools" }];

  test("chat", async () => {
    const tools = [
      { type: "web_search" },
      { type: "function", function: { name: "f", parameters } },
    ];
    const { status, ignored } = await post("/v1/chat/completions", { messages, tools });
    expect([status, ignored]).toEqual([200, ["tools.web_search"]]);
    expect(offered()).toEqual(["f"]);
  });

  test("responses", async () => {
    const types = ["web_search", "web_search_preview", "file_search", "code_interpreter"];
    const others = ["computer_use_preview", "image_generation", "mcp", "local_shell", "shell"];
    const hosted = [...types, ...others].map((type) => ({ type, vector_store_ids: [] }));
    const tools = [...hosted, { type: "function", name: "f", parameters, strict: null }];
    const { status, ignored } = await post("/v1/responses", { input: "use tools", tools });
    expect(status).toBe(200);
    for (const { type } of hosted) expect(ignored).toContain(`tools.${type}`);
    expect(offered()).toEqual(["f"]);
  });

  test("messages", async () => {
    const tools = [
      { type: "web_search_20250305", name: "web_search", max_uses: 5 },
      { type: "bash_20250124", name: "bash" },
      { name: "f", input_schema: parameters },
    ];
    const { status, ignored } = await post("/v1/messages", { messages, tools });
    expect([status, ignored]).toEqual([200, ["tools.web_search_20250305", "tools.bash_20250124"]]);
    expect(offered()).toEqual(["f"]);
  });

  test("AI SDK gateway", async () => {
    const prompt = [{ role: "user", content: [{ type: "text", text: "use tools" }] }];
    const tools = [
      { type: "provider", id: "openai.web_search", name: "web_search", args: {} },
      { type: "function", name: "f", inputSchema: parameters },
    ];
    const headers = { "ai-language-model-id": MODEL };
    const { status, json } = await post("/v3/ai/language-model", { prompt, tools }, headers);
    expect(status).toBe(200);
    expect(json.warnings).toMatchObject([{ feature: "tool openai.web_search" }]);
  });

  test.each([
    [{ type: "web_search" }, "requires a call of web_search"],
    ["required", "defines no function"],
    [
      { type: "allowed_tools", mode: "required", tools: [{ type: "web_search" }] },
      "defines no function",
    ],
  ])("a choice that forces one is refused: %j", async (tool_choice, words) => {
    const tools = [{ type: "web_search" }];
    const body = { input: "use tools", tools, tool_choice };
    const { status, json } = await post("/v1/responses", body);
    expect([status, json.error?.message]).toEqual([400, expect.stringContaining(words)]);
  });

  test("items of other servers' tools are dropped from the history", async () => {
    const input = [
      { role: "user", content: "Hi" },
      { type: "web_search_call", id: "ws_1", status: "completed", action: {} },
      { role: "user", content: "And?" },
    ];
    const { status, ignored } = await post("/v1/responses", { input });
    expect([status, ignored]).toEqual([200, expect.arrayContaining(["input.web_search_call"])]);
  });
});

describe("custom tools", () => {
  test("are answered as custom calls in chat, complete and streamed", async () => {
    upstream.callArguments = '{"input":"print(\\"1\\")"}';
    const tools = [{ type: "custom" as const, custom: { name: "py", description: "Runs Python" } }];
    const request = {
      model: MODEL,
      messages: [{ role: "user" as const, content: "use tools" }],
      tools,
    };
    const whole = await client.chat.completions.create(request);
    const custom = { name: "py", input: 'print("1")' };
    expect(whole.choices[0]?.message.tool_calls).toMatchObject([{ type: "custom", custom }]);
    const pieces: unknown[] = [];
    for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
      for (const delta of chunk.choices[0]?.delta.tool_calls ?? []) pieces.push(delta);
    }
    expect(pieces).toMatchObject([
      { index: 0, type: "custom", custom: { name: "py", input: "" } },
      { index: 0, custom: { input: 'print("1")' } },
    ]);
    const [call] = whole.choices[0]?.message.tool_calls ?? [];
    await client.chat.completions.create({
      ...request,
      messages: [
        ...request.messages,
        whole.choices[0]!.message,
        { role: "tool", tool_call_id: call!.id, content: "1" },
      ],
    });
    const history = upstream.requests.at(-1)?.messages;
    const shown = { name: "py", arguments: JSON.stringify({ input: 'print("1")' }) };
    expect(history?.[1]?.toolCalls).toEqual([shown]);
    expect(history?.[2]).toEqual({ role: "tool", content: "1" });
  });

  test("are answered as custom calls in responses, complete and streamed", async () => {
    upstream.callArguments = '{"input":"*** Begin Patch"}';
    const format = { type: "grammar" as const, syntax: "lark" as const, definition: "start: /.+/" };
    const tools = [{ type: "custom" as const, name: "apply_patch", description: "Edits", format }];
    const request = { model: MODEL, input: "use tools", tools };
    const { data, response } = await client.responses.create(request).withResponse();
    expect(response.headers.get("x-ignored-params")).toBe("tools.apply_patch.format");
    const item = { type: "custom_tool_call", name: "apply_patch", input: "*** Begin Patch" };
    expect(data.output.at(-1)).toMatchObject(item);
    const types: string[] = [];
    for await (const event of await client.responses.create({ ...request, stream: true })) {
      types.push(event.type);
      if (event.type === "response.custom_tool_call_input.done") {
        expect(event.input).toBe("*** Begin Patch");
      }
      if (event.type === "response.output_item.done" && event.output_index === 1) {
        expect(event.item).toMatchObject(item);
      }
    }
    expect(types).toContain("response.custom_tool_call_input.delta");
    expect(types.some((type) => type.includes("function_call"))).toBe(false);
    expect(upstream.requests.at(-1)?.tools?.[0]?.description).toContain("start: /.+/");
    const call = data.output.at(-1);
    await client.responses.create({
      ...request,
      previous_response_id: data.id,
      input: [
        {
          type: "custom_tool_call_output",
          call_id: call?.type === "custom_tool_call" ? call.call_id : "",
          output: "Done",
        },
      ],
    });
    expect(upstream.requests.at(-1)?.messages.at(-1)).toEqual({ role: "tool", content: "Done" });
  });

  test("enforce a regular expression", async () => {
    const format = { type: "grammar" as const, syntax: "regex" as const, definition: "a+|b" };
    await client.responses.create({
      model: MODEL,
      input: "use tools",
      tools: [{ type: "custom", name: "t", format }],
    });
    expect(upstream.requests.at(-1)?.tools?.[0]).toMatchObject({
      strict: true,
      parameters: { properties: { input: { type: "string", pattern: "^(?:a+|b)$" } } },
    });
  });
});

test("tools of a namespace have flat names for the model only", async () => {
  upstream.callArguments = "{}";
  const inner = (name: string) => ({
    type: "function" as const,
    name,
    parameters,
    strict: false,
  });
  const tools = [
    { type: "namespace" as const, name: "crm", description: "Customers", tools: [inner("find")] },
    { type: "namespace" as const, name: "erp", description: "Orders", tools: [inner("find")] },
    inner("find"),
  ];
  const request = { model: MODEL, input: "use tools", tools };
  const first = await client.responses.create(request);
  expect(offered()).toEqual(["crm__find", "erp__find", "find"]);
  const calls = first.output.filter((item) => item.type === "function_call");
  expect(calls.map(({ namespace, name }) => [namespace, name])).toEqual([
    ["crm", "find"],
    ["erp", "find"],
    [undefined, "find"],
  ]);
  await client.responses.create({
    ...request,
    input: [
      { role: "user", content: "use tools" },
      ...asInput(first.output),
      ...calls.map(({ call_id }) => {
        return { type: "function_call_output" as const, call_id, output: "none" };
      }),
    ],
  });
  const [, answer] = upstream.requests.at(-1)?.messages ?? [];
  expect(answer?.toolCalls?.map(({ name }) => name)).toEqual(["crm__find", "erp__find", "find"]);
});

test("tools in the middle of the input are offered too", async () => {
  const input = [
    { type: "additional_tools", role: "developer", tools: [{ type: "custom", name: "exec" }] },
    { role: "user", content: "use tools" },
  ];
  const { status } = await post("/v1/responses", { input });
  expect(status).toBe(200);
  expect(offered()).toEqual(["exec"]);
});
