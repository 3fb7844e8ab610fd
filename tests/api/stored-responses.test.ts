import OpenAI, { NotFoundError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { hashKey, type KeyRing } from "../../src/limits/keys.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const upstream = createFakeUpstream();
const names = new Map(["ann", "bob"].map((name) => [hashKey(name), name]));
const keys: KeyRing = {
  find: (key) => {
    const name = names.get(hashKey(key));
    return name === undefined ? undefined : { name, sha256: "", createdUnix: 0, limits: {} };
  },
  limitsOf: () => ({}),
};
let server: Listening;
let ann: OpenAI;
let bob: OpenAI;

beforeAll(async () => {
  const address = { host: "127.0.0.1", port: 0 };
  server = await listen({ upstream, keys, log: silentLog, ...address });
  const as = (apiKey: string) => new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 });
  ann = as("ann");
  bob = as("bob");
});
afterAll(() => server.close(100));

const asked = () =>
  (upstream.requests.at(-1)?.messages ?? []).map(({ role, content }) => [
    role,
    typeof content === "string"
      ? content
      : content.map((part) => (part.type === "text" ? part.text : `[${part.type}]`)).join(""),
  ]);
const tools = [{ type: "function" as const, name: "here", strict: false, parameters: {} }];

describe("a second turn", () => {
  test("by previous_response_id, complete or streamed, for many turns", async () => {
    const first = await ann.responses.create({ model: MODEL, input: "One", instructions: "Kind" });
    expect(first).toMatchObject({ store: true, previous_response_id: null });
    const stream = ann.responses.stream({
      model: MODEL,
      input: "Two",
      previous_response_id: first.id,
    });
    const second = await stream.finalResponse();
    expect(second.previous_response_id).toBe(first.id);
    await ann.responses.create({ model: MODEL, input: "Three", previous_response_id: second.id });
    expect(asked()).toEqual([
      ["user", "One"],
      ["assistant", "One"],
      ["user", "Two"],
      ["assistant", "Two"],
      ["user", "Three"],
    ]);
  });

  test("with calls, reasoning and results, by references to items", async () => {
    const first = await ann.responses.create({
      model: MODEL,
      input: "use tools",
      reasoning: { effort: "high" },
      tools,
      include: ["reasoning.encrypted_content"],
    });
    expect(first.output.map(({ type }) => type)).toEqual(["reasoning", "message", "function_call"]);
    const call = first.output.find(({ type }) => type === "function_call");
    await ann.responses.create({
      model: MODEL,
      tools,
      input: [
        { role: "user", content: "use tools" },
        ...first.output.map(({ id }) => ({ type: "item_reference" as const, id: id ?? "" })),
        {
          type: "function_call_output",
          call_id: call?.type === "function_call" ? call.call_id : "",
          output: "sunny",
        },
      ],
    });
    expect(asked()).toEqual([
      ["user", "use tools"],
      ["assistant", "Calling. "],
      ["tool", "sunny"],
    ]);
    expect(upstream.requests.at(-1)?.messages[1]?.toolCalls).toHaveLength(1);
  });

  test("with a result for a call of the previous response", async () => {
    const first = await ann.responses.create({ model: MODEL, input: "use tools", tools });
    const call = first.output.find((item) => item.type === "function_call");
    await ann.responses.create({
      model: MODEL,
      tools,
      previous_response_id: first.id,
      input: [{ type: "function_call_output", call_id: call!.call_id, output: "rain" }],
    });
    expect(asked().at(-1)).toEqual(["tool", "rain"]);
  });

  test("its token count includes earlier turns", async () => {
    const first = await ann.responses.create({ model: MODEL, input: "One" });
    const body = { model: MODEL, input: "Two", previous_response_id: first.id };
    expect((await ann.responses.inputTokens.count(body)).input_tokens).toBe(14);
  });
});

describe("a stored response", () => {
  test("can be read, listed and deleted", async () => {
    const image_url = `data:image/png;base64,${Buffer.from("12345").toString("base64")}`;
    const made = await ann.responses.create({
      model: MODEL,
      input: [
        { role: "user", content: "One" },
        { role: "user", content: [{ type: "input_image", detail: "auto", image_url }] },
      ],
      metadata: { a: "b" },
    });
    const read = await ann.responses.retrieve(made.id);
    expect(read.output).toEqual(made.output);
    expect(read.metadata).toEqual({ a: "b" });
    const page = await ann.responses.inputItems.list(made.id, { order: "asc", limit: 1 });
    expect(page.data).toMatchObject([{ role: "user", content: "One" }]);
    expect(page.has_more).toBe(true);
    const rest = await page.getNextPage();
    expect(rest.data).toMatchObject([{ content: [{ type: "input_image" }] }]);
    await ann.responses.delete(made.id);
    await expect(ann.responses.retrieve(made.id)).rejects.toBeInstanceOf(NotFoundError);
    await expect(ann.responses.delete(made.id)).rejects.toBeInstanceOf(NotFoundError);
  });

  test("is hidden from other clients", async () => {
    const { id, output } = await ann.responses.create({ model: MODEL, input: "secret" });
    const item = { type: "item_reference" as const, id: output[0]?.id ?? "" };
    const tries: (() => PromiseLike<unknown>)[] = [
      () => bob.responses.retrieve(id),
      () => bob.responses.delete(id),
      () => bob.responses.inputItems.list(id),
      () => bob.responses.create({ model: MODEL, input: "x", previous_response_id: id }),
      () => bob.responses.create({ model: MODEL, input: [item] }),
    ];
    for (const attempt of tries) {
      await expect(Promise.resolve(attempt())).rejects.toBeInstanceOf(NotFoundError);
    }
    expect((await ann.responses.retrieve(id)).id).toBe(id);
  });

  test("does not exist with store: false", async () => {
    const made = await ann.responses.create({ model: MODEL, input: "One", store: false });
    expect(made).toMatchObject({ store: false });
    await expect(ann.responses.retrieve(made.id)).rejects.toBeInstanceOf(NotFoundError);
  });

  test("does not exist on a server without a store", async () => {
    const options = { upstream, log: silentLog, storesResponses: false };
    const plain = await listen({ ...options, host: "127.0.0.1", port: 0 });
    try {
      const client = new OpenAI({ baseURL: `${plain.url}/v1`, apiKey: "x", maxRetries: 0 });
      const made = await client.responses.create({ model: MODEL, input: "One" });
      expect(made).toMatchObject({ store: false });
      await expect(client.responses.retrieve(made.id)).rejects.toBeInstanceOf(NotFoundError);
      const wish = client.responses.create({ model: MODEL, input: "One", store: true });
      await expect(wish).rejects.toMatchObject({ status: 400, param: "store" });
    } finally {
      await plain.close(100);
    }
  });
});
