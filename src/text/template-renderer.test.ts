import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import type { ChatMessage, ContentPart } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { FALLBACK_TEMPLATE } from "./fallback-template.ts";
import { TemplateError } from "./jinja/errors.ts";
import { openTemplate, type TemplateMode } from "./open-template.ts";
import { createChatTemplate, type RenderOptions } from "./template.ts";
import { TemplateRenderer } from "./template-renderer.ts";
import { openTokenizer } from "./tokenizer.ts";

interface Case {
  readonly kind: string;
  readonly messages: readonly {
    readonly role: ChatMessage["role"];
    readonly content: string | readonly { readonly type: string; readonly text?: string }[];
    readonly tool_calls?: readonly { readonly name: string; readonly arguments: string }[];
  }[];
  readonly tools?: readonly Record<string, unknown>[];
  readonly thinking?: boolean;
}

const read = (path: string): Buffer => readFileSync(new URL(`../../${path}`, import.meta.url));
const json = (path: string): unknown => JSON.parse(read(path).toString());
const tokenizer = openTokenizer(
  json("models/mini/tokenizer.json"),
  json("models/mini/tokenizer_config.json"),
);
const PUBLISHED = read("tests/templates/published-style.jinja").toString();
const CASES = JSON.parse(
  gunzipSync(read("tests/templates/conversations.json.gz")).toString(),
) as Case[];
const OFF_LOOP = { maxParts: 0, maxCharacters: 0 };
const CLOSED = new VireoError("engine_closed", "the engine has been closed");
const TURN = { tenant: "a" };
const HELLO: readonly ChatMessage[] = [{ role: "user", content: "Hello" }];

const opened: { close(reason: Error): Promise<void> }[] = [];
afterAll(() => Promise.all(opened.map((one) => one.close(CLOSED))));

function open(source: string | undefined, mode?: TemplateMode) {
  const template = openTemplate(tokenizer, source, mode, OFF_LOOP);
  opened.push(template);
  return template;
}

function openRenderer(source: string): TemplateRenderer {
  const renderer = new TemplateRenderer({
    sources: [source],
    addedTokens: tokenizer.addedTokens,
  });
  opened.push(renderer);
  return renderer;
}

function toMessage({ role, content, tool_calls: calls }: Case["messages"][number]): ChatMessage {
  const part = ({ type, text }: { type: string; text?: string }): ContentPart =>
    type === "text"
      ? { type, text: text ?? "" }
      : { type: type as "image" | "video", bytes: new Uint8Array(1000) };
  return {
    role,
    content: typeof content === "string" ? content : content.map(part),
    ...(calls === undefined ? {} : { toolCalls: calls.map((call) => ({ id: "", ...call })) }),
  };
}

function optionsOf({ tools, thinking }: Case): RenderOptions {
  return {
    ...(tools === undefined ? {} : { tools }),
    ...(thinking === undefined ? {} : { enableThinking: thinking }),
  };
}

test.each([
  ["published-style", PUBLISHED],
  ["built-in", undefined],
])("the worker renders as the calling thread does: %s template", async (_, source) => {
  const template = open(source);
  for (const found of CASES) {
    const messages = found.messages.map(toMessage);
    const expected = template.render(messages, optionsOf(found));
    expect(await template.renderAsync(messages, optionsOf(found))).toEqual(expected);
  }
});

test("unpaired surrogates, typed control words and options cross unchanged", async () => {
  const template = open(PUBLISHED);
  const content = "\ud800 a \udfff \ufdd0\ue000 <image> <SPECIAL_12> </think> \u2028";
  const messages: ChatMessage[] = [
    { role: "user", content },
    { role: "assistant", content: "Well", reasoning: "Hm" },
  ];
  for (const continueFinalMessage of [true, false]) {
    const tools = [{ function: { name: "n", at: -0, big: 10n ** 20n, none: undefined } }];
    const options = { continueFinalMessage, enableThinking: true, tools };
    const expected = template.render(messages, options);
    expect(await template.renderAsync(messages, options)).toEqual(expected);
  }
});

type Failing = [
  title: string,
  source: string,
  messages: readonly ChatMessage[],
  options?: RenderOptions,
];
const FAILING: Failing[] = [
  ["refuses", "{{ raise_exception('no <s> ' + messages[0].content) }}", HELLO],
  ["fails", "\n\n{{ 1 + messages[0].content }}", HELLO],
  [
    "takes too many steps",
    "{%- for a in range(90000) -%}{%- for b in range(90000) -%}.\
{%- endfor -%}{%- endfor -%}",
    HELLO,
  ],
  ["places no picture", "{{ 'a' }}", [{ role: "user", content: [picture()] }]],
  ["gets media of an assistant", PUBLISHED, [{ role: "assistant", content: [picture()] }]],
  ["continues no answer", PUBLISHED, HELLO, { continueFinalMessage: true }],
  ["gets deep tools", PUBLISHED, HELLO, { tools: [nested(LIMITS.template.depth + 1)] }],
];

function picture(): ContentPart {
  return { type: "image", bytes: new Uint8Array(1) };
}

function nested(depth: number): Record<string, unknown> {
  return depth === 0 ? {} : { a: nested(depth - 1) };
}

test.each(FAILING)("same error: a template that %s", async (_, source, messages, options) => {
  const renderer = openRenderer(source);
  const expected = errorOf(() => createChatTemplate(tokenizer, source).render(messages, options));
  const found = await renderer.render(0, messages, options ?? {}, TURN).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(found).toBeInstanceOf(VireoError);
  const { code, message, param, metadata } = found as VireoError;
  expect({ code, message, param, metadata }).toEqual({
    code: expected.code,
    message: expected.message,
    param: expected.param,
    metadata: expected.metadata,
  });
  if (!(expected.cause instanceof TemplateError)) return;
  expect((found as VireoError).cause).toMatchObject({ message: expected.cause.message });
});

function errorOf(work: () => unknown): VireoError {
  try {
    work();
  } catch (error) {
    if (error instanceof VireoError) return error;
    throw error;
  }
  throw new Error("an error was expected");
}

test("kinds of requests that the template cannot render are refused, or fall back", async () => {
  const textOnly = "{%- for m in messages -%}{{ '<SPECIAL_11>' + m.content }}{%- endfor -%}.";
  const parts: ChatMessage[] = [
    { role: "user", content: [picture(), { type: "text", text: "a" }] },
  ];
  await expect(open(textOnly).renderAsync(parts)).rejects.toMatchObject({
    code: "unsupported_parameter",
  });
  const builtin = openTemplate(tokenizer, FALLBACK_TEMPLATE).render(parts);
  expect(await open(textOnly, "fallback").renderAsync(parts)).toEqual(builtin);
});

test("an aborted rendering rejects with the signal's reason; the others go on", async () => {
  const renderer = openRenderer(PUBLISHED);
  const controllers = [new AbortController(), new AbortController(), new AbortController()];
  const renderings = controllers.map(({ signal }) =>
    renderer.render(0, HELLO, {}, { ...TURN, signal }),
  );
  const settled = Promise.allSettled(renderings);
  const reason = new Error("gone");
  controllers[0]!.abort(reason);
  controllers[1]!.abort(reason);
  expect(await settled).toMatchObject([
    { status: "rejected", reason },
    { status: "rejected", reason },
    { status: "fulfilled" },
  ]);
  await expect(
    renderer.render(0, HELLO, {}, { ...TURN, signal: AbortSignal.abort(reason) }),
  ).rejects.toBe(reason);
});

test("a closed renderer fails current and later requests", async () => {
  const renderer = openRenderer(PUBLISHED);
  const renderings = Promise.allSettled([
    renderer.render(0, HELLO, {}, TURN),
    renderer.render(0, HELLO, {}, TURN),
  ]);
  await renderer.close(CLOSED);
  for (const one of await renderings) expect(one).toMatchObject({ reason: CLOSED });
  await expect(renderer.render(0, HELLO, {}, TURN)).rejects.toBe(CLOSED);
});

test("if the worker dies, one conversation fails and the next gets another worker", async () => {
  const renderer = openRenderer(PUBLISHED);
  const calls = [{ id: "", name: 5, arguments: "" }] as unknown as ChatMessage["toolCalls"];
  const broken: ChatMessage[] = [
    { role: "assistant", content: "a", ...(calls && { toolCalls: calls }) },
  ];
  const [first, second, third] = await Promise.allSettled([
    renderer.render(0, broken, {}, TURN),
    renderer.render(0, HELLO, {}, TURN),
    renderer.render(0, broken, {}, TURN),
  ]);
  expect(first).toMatchObject({ reason: { code: "internal_error", param: "messages" } });
  expect(second).toMatchObject({ status: "fulfilled" });
  expect(third).toMatchObject({ status: "rejected" });
  expect((await renderer.render(0, HELLO, {}, TURN)).pieces.length).toBeGreaterThan(1);
});
