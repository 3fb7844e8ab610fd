import Anthropic, { NotFoundError } from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { parseAlias, withAliases } from "../../src/server/aliases.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const upstream = createFakeUpstream();
let server: Listening;
let anthropic: Anthropic;
let openai: OpenAI;

beforeAll(async () => {
  const aliases = ["claude-*=nano", "gpt-*-mini"].map(parseAlias);
  const address = { host: "127.0.0.1", port: 0 };
  server = await listen({ upstream, aliases, log: silentLog, ...address });
  anthropic = new Anthropic({ baseURL: server.url, apiKey: "x", maxRetries: 0 });
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "x", maxRetries: 0 });
});
afterAll(() => server.close(100));

describe("models by Anthropic's client", () => {
  test("are listed and read in its shape", async () => {
    const page = await anthropic.models.list({ limit: 5 });
    expect(page).toMatchObject({ has_more: false, first_id: MODEL, last_id: MODEL });
    const [model] = page.data;
    expect(model).toMatchObject({ type: "model", id: MODEL });
    expect(model?.display_name).not.toBe("");
    expect(new Date(model?.created_at ?? "").getTime()).toBe(1_700_000_000_000);
    expect(await anthropic.models.retrieve("claude-opus-4-5")).toEqual(model);
    await expect(anthropic.models.retrieve("other")).rejects.toBeInstanceOf(NotFoundError);
    const error = await anthropic.models.retrieve("other").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ error: { type: "error", error: { type: "not_found_error" } } });
  });

  test("OpenAI's client gets OpenAI's format", async () => {
    const { data } = await openai.models.list();
    expect(data).toMatchObject([{ id: MODEL, object: "model" }]);
  });
});

describe("aliases", () => {
  test("answer under the names of others", async () => {
    const message = await anthropic.messages.create({
      model: "claude-sonnet-4-5",
      max_tokens: 9,
      messages: [{ role: "user", content: "Hi" }],
    });
    expect(message.model).toBe(MODEL);
    const chat = (model: string) =>
      openai.chat.completions.create({ model, messages: [{ role: "user", content: "Hi" }] });
    expect((await chat("gpt-5-mini")).model).toBe(MODEL);
    for (const other of ["gpt-5", "gpt--min", "my-claude-1"]) {
      await expect(chat(other)).rejects.toMatchObject({ status: 404 });
    }
  });

  test.each(["", "=x", "a=", "a=b=c", "a*b*=c", "a b=c"])("%j is not an alias", (text) => {
    expect(() => parseAlias(text)).toThrow("--alias");
  });

  test("of a model that is not there are refused", () => {
    expect(() => withAliases(upstream, [{ name: "a", model: "b" }])).toThrow(MODEL);
  });
});
