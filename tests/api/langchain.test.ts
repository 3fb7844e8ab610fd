import { HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const upstream = createFakeUpstream();
let server: Listening;

beforeAll(async () => {
  server = await listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0 });
});
afterAll(() => server.close(100));

const model = (fields: object = {}) =>
  new ChatOpenAI({
    model: MODEL,
    apiKey: "x",
    maxRetries: 0,
    configuration: { baseURL: `${server.url}/v1` },
    ...fields,
  });
const schema = {
  title: "place",
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};

test.each([false, true])("invoke and stream, responses: %s", async (useResponsesApi) => {
  const chat = model({ useResponsesApi });
  const answer = await chat.invoke([new SystemMessage("Be short"), new HumanMessage("One two")]);
  expect(answer.text).toBe("One two");
  expect(answer.usage_metadata).toMatchObject({ input_tokens: 14, output_tokens: 3 });
  let text = "";
  for await (const chunk of await chat.stream("One two three")) text += chunk.text;
  expect(text).toBe("One two three");
});

test.each([false, true])("tools, twice over, responses: %s", async (useResponsesApi) => {
  const weather = (name: string) => ({
    type: "function" as const,
    function: { name, parameters: schema },
  });
  const chat = model({ useResponsesApi }).bindTools([weather("here"), weather("there")]);
  const asked = new HumanMessage("use tools");
  const first = await chat.invoke([asked]);
  expect(first.tool_calls).toMatchObject([
    { name: "here", args: { city: "Aachen" } },
    { name: "there", args: { city: "Aachen" } },
  ]);
  const results = (first.tool_calls ?? []).map(
    ({ id }) => new ToolMessage({ content: "sunny", tool_call_id: id ?? "" }),
  );
  await chat.invoke([asked, first, ...results]);
  expect(upstream.requests.at(-1)?.messages).toMatchObject([
    { role: "user" },
    { role: "assistant", toolCalls: [{ name: "here" }, { name: "there" }] },
    { role: "tool", content: "sunny" },
    { role: "tool", content: "sunny" },
  ]);
});

test("structured output", async () => {
  const chat = model().withStructuredOutput(schema, { method: "jsonSchema" });
  expect(await chat.invoke('{"city":"Aachen"}')).toEqual({ city: "Aachen" });
  expect(upstream.requests.at(-1)?.output).toMatchObject({ type: "json_schema" });
});

test("an image, reasoning, an error", async () => {
  const url = `data:image/png;base64,${Buffer.from("12345").toString("base64")}`;
  const content = [{ type: "image_url" as const, image_url: { url } }];
  expect((await model().invoke([new HumanMessage({ content })])).text).toBe("[5]");
  const thinking = await model({ model: `${MODEL}:thinking` }).invoke("x");
  expect(thinking.additional_kwargs.reasoning_content).toBe("hm");
  await expect(model().invoke("too long")).rejects.toThrow("131073 tokens");
});
