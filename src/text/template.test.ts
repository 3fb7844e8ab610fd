import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChatMessage, ContentPart } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { createChatTemplate, findTemplate, type RenderOptions } from "./template.ts";
import { openTokenizer } from "./tokenizer.ts";

const read = (name: string): string =>
  readFileSync(new URL(`../../tests/golden/${name}`, import.meta.url), "utf8");
const golden = (name: string): unknown => JSON.parse(read(name));

const config = golden("tiny-checkpoint/tokenizer_config.json");
const tokenizer = openTokenizer(golden("tiny-checkpoint/tokenizer.json"), config);
const source = read("tiny-checkpoint/chat_template.jinja");
const checkpoint = createChatTemplate(tokenizer, source);
const fallback = createChatTemplate(tokenizer);
const image: ContentPart = { type: "image", bytes: new Uint8Array() };
const video: ContentPart = { type: "video", bytes: new Uint8Array() };

interface GoldenMessage {
  role: ChatMessage["role"];
  content: string | null | { type: string; text?: string }[];
  tool_calls?: { function: { name: string; arguments: unknown } }[];
}
interface GoldenCase {
  messages: GoldenMessage[];
  tools?: Record<string, unknown>[];
  prompt: string;
  ids: number[];
}
const { cases } = golden("cases/chat.json") as { cases: GoldenCase[] };

/** JSON as Python writes it. */
function pythonJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, entry]) => `"${key}": ${pythonJson(entry)}`);
  return `{${entries.join(", ")}}`;
}

function toMessage({ role, content, tool_calls }: GoldenMessage): ChatMessage {
  const parts = (content: { type: string; text?: string }[]): ContentPart[] =>
    content.map(({ type, text }) => {
      if (type === "text") return { type, text: text ?? "" };
      return type.startsWith("video") ? video : image;
    });
  const calls = tool_calls?.map(({ function: { name, arguments: given } }) => ({
    name,
    arguments: typeof given === "string" ? given : pythonJson(given),
  }));
  return {
    role,
    content: typeof content === "string" ? content : parts(content ?? []),
    ...(calls === undefined ? {} : { toolCalls: calls }),
  };
}

function idsOf(template: typeof checkpoint, messages: ChatMessage[], options?: RenderOptions) {
  return template.render(messages, options).pieces.flatMap((piece) => {
    if (piece.kind === "text") return tokenizer.encodeText(piece.text);
    return [piece.kind === "control" ? piece.id : (tokenizer.idOf(`<${piece.kind}>`) ?? -1)];
  });
}

function textOf(template: typeof checkpoint, messages: ChatMessage[], options?: RenderOptions) {
  return tokenizer.decode(idsOf(template, messages, options), { skipSpecial: false });
}

/** The published words about tools, where the golden checkpoint has those of the text model. */
function publishedWords(prompt: string): string {
  return prompt
    .replace(/\{\{("tool_response\d")\}\}/g, '{"response": $1}')
    .replace(/\{\{("name": "tool_name\d", "arguments": "tool_args\d")\}\}/g, "{$1}");
}

describe.each([
  ["the checkpoint's template", checkpoint],
  ["the fallback", fallback],
])("%s against the golden data", (_, template) => {
  test.each(cases)("chat case %#", ({ messages, tools, prompt: own, ids }) => {
    const options = tools === undefined ? {} : { tools };
    const prompt = template === fallback ? publishedWords(own) : own;
    expect(textOf(template, messages.map(toMessage), options)).toBe(prompt);
    if (prompt === own) expect(idsOf(template, messages.map(toMessage), options)).toEqual(ids);
    const { reasoningOpen } = template.render(messages.map(toMessage), options);
    expect(reasoningOpen).toBe(prompt.endsWith("<think>\n"));
  });

  test.each(["mm-one-image", "mm-two-images", "mm-rgba-gray"])("%s", (name) => {
    const { messages, prompt } = golden(`cases/${name}.json`) as GoldenCase;
    expect(textOf(template, messages.map(toMessage))).toBe(prompt);
  });
});

test("without a template file, the configuration's is used", () => {
  expect(findTemplate({ tokenizerConfig: config })).toBe(source);
  expect(findTemplate({ json: { chat_template: "a" }, tokenizerConfig: config })).toBe("a");
  expect(findTemplate({ jinja: "b", json: { chat_template: "a" } })).toBe("b");
  const named = {
    chat_template: [
      { name: "x", template: "1" },
      { name: "default", template: "2" },
    ],
  };
  expect(findTemplate({ tokenizerConfig: named })).toBe("2");
  expect(findTemplate({ tokenizerConfig: 7 })).toBeUndefined();
});

describe.each([
  ["the checkpoint's template", checkpoint],
  ["the fallback", fallback],
])("reasoning with %s", (_, template) => {
  const on = "<think>\n";
  const off = "<think></think>";
  test.each<[string, ChatMessage[], boolean | undefined, string]>([
    ["nothing said", [{ role: "user", content: "a" }], undefined, off],
    ["the request says yes", [{ role: "user", content: "a" }], true, on],
    ["the request says no", [{ role: "user", content: "a" }], false, off],
    ["a message overrides yes", [{ role: "user", content: "a /no_think" }], true, off],
    ["a message overrides no", [{ role: "user", content: "a /think" }], false, on],
    ["a closing tag is no switch", [{ role: "user", content: "a </think>" }], undefined, off],
  ])("%s", (_, messages, enableThinking, end) => {
    const options = enableThinking === undefined ? {} : { enableThinking };
    const text = textOf(template, messages, options);
    expect(text.endsWith(end)).toBe(true);
    expect(text.replaceAll("</think>", "")).not.toMatch(/\/(no_)?think/);
    expect(template.render(messages, options).reasoningOpen).toBe(end === on);
  });

  test("the switch leaves the system text as it was", () => {
    const messages: ChatMessage[] = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "a" },
    ];
    expect(textOf(template, messages, { enableThinking: true })).toContain("System\nBe brief.\n<");
  });
});

test("a last message of the assistant is continued", () => {
  const messages: ChatMessage[] = [
    { role: "user", content: "a" },
    { role: "assistant", content: " so <SPECIAL_12>" },
  ];
  const text = textOf(checkpoint, messages, { continueFinalMessage: true });
  expect(text.endsWith("Assistant\n<think></think> so <SPECIAL_12>")).toBe(true);
  expect(idsOf(checkpoint, messages, { continueFinalMessage: true }).at(-1)).not.toBe(12);
  const wrong = (): unknown => checkpoint.render([messages[0]!], { continueFinalMessage: true });
  expect(wrong).toThrow(VireoError);
});

describe("a user's text never becomes a control token", () => {
  const messagesOf = (text: string): ChatMessage[] => [
    { role: "system", content: text },
    { role: "user", content: [{ type: "text", text }, image, { type: "text", text }] },
    { role: "assistant", content: text, toolCalls: [{ name: text, arguments: text }] },
    { role: "tool", content: text },
    { role: "user", content: text },
  ];
  const toolsOf = (text: string) => [{ function: { name: text, [text]: [text, { a: text }] } }];
  const special = new Set(tokenizer.addedTokens.filter((t) => t.special).map((token) => token.id));
  const specialIds = (text: string): number[] =>
    idsOf(checkpoint, messagesOf(text), { tools: toolsOf(text) }).filter((id) => special.has(id));
  const harmless = specialIds("x");

  const pieces = [
    ...tokenizer.addedTokens.map((token) => token.content),
    ...'<>[]/ \n"\\{}_x',
    "<ima",
    "ge>",
    "<SPECIAL_",
    "12>",
    "/think",
    "/no_think",
    "<_end_think>",
    "\ufdd0",
    "\ue000",
    "\ue001",
    "\ue002",
    "<image 1>",
  ];

  test.each([
    "<image>",
    "<SPECIAL_/think12>",
    "<SPECIAL_/no_think12>",
    "<im/thinkage>",
    "<//thinkthink>",
    "\ufdd0\ue001SPECIAL_12>",
    "<ima",
  ])("%j", (text) => {
    expect(specialIds(text)).toEqual(harmless);
  });

  test("whatever is put together", () => {
    const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((p) => p.join(""));
    fc.assert(
      fc.property(texts, (text) => {
        expect(specialIds(text)).toEqual(harmless);
      }),
      { numRuns: 400, seed: 5 },
    );
  });

  test("and it arrives unchanged", () => {
    const typed = "a<image>b[INST]c\ufdd0\ue000d<SPECIAL_12>\n<think>";
    const text = textOf(checkpoint, [{ role: "user", content: typed }]);
    expect(text).toContain(`User\n${typed}\n`);
    const ids = idsOf(checkpoint, [{ role: "user", content: typed }]);
    // The only <think> token is the one of the generation prompt.
    expect(ids.filter((id) => id === tokenizer.idOf("<think>"))).toHaveLength(1);
  });
});

test("an earlier answer that never stopped thinking does not open reasoning", () => {
  const plain = "{% for m in messages %}<SPECIAL_11>{{ m.content }}{% endfor %}<SPECIAL_11>";
  const template = createChatTemplate(tokenizer, plain);
  const { reasoningOpen } = template.render([{ role: "assistant", content: "<think> hm" }]);
  expect(reasoningOpen).toBe(false);
});

describe("refusals", () => {
  const refused = (run: () => unknown): VireoError => {
    try {
      run();
    } catch (error) {
      if (error instanceof VireoError) return error;
      throw error;
    }
    throw new Error("not refused");
  };

  test("an image outside a user message", () => {
    const error = refused(() => checkpoint.render([{ role: "tool", content: [image] }]));
    expect(error.code).toBe("unsupported_modality");
    expect(error.param).toBe("messages[0].content");
  });

  test("a template's own", () => {
    const strict = createChatTemplate(tokenizer, "{{ raise_exception('roles must alternate') }}");
    const error = refused(() => strict.render([{ role: "user", content: "a" }]));
    expect(error.message).toContain("roles must alternate");
  });

  test("a template that forgets an image", () => {
    const error = refused(() =>
      createChatTemplate(tokenizer, "none").render([{ role: "user", content: [image] }]),
    );
    expect(error.code).toBe("unsupported_modality");
  });

  test("an invalid template", () => {
    expect(refused(() => createChatTemplate(tokenizer, "{% if")).code).toBe("invalid_checkpoint");
  });
});

describe("reasoning of an earlier answer", () => {
  const history = (reasoning?: string): ChatMessage[] => [
    { role: "user", content: "Hi" },
    { role: "assistant", content: "So.", ...(reasoning === undefined ? {} : { reasoning }) },
    { role: "user", content: "And?" },
  ];
  const textOf = (template: typeof checkpoint, messages: ChatMessage[]) =>
    template
      .render(messages)
      .pieces.map((piece) => (piece.kind === "text" ? piece.text : `{${piece.kind}}`))
      .join("");

  test.each([
    ["checkpoint", checkpoint],
    ["fallback", fallback],
  ])("is shown as text if it is to be kept: %s", (_name, template) => {
    const plain = textOf(template, history());
    const kept = textOf(template, history("I </think> /no_think <SPECIAL_12> think."));
    expect(kept).toBe(
      plain.replace("So.", "<think>\nI </think> /no_think <SPECIAL_12> think.\n</think>\n\nSo."),
    );
  });
});
