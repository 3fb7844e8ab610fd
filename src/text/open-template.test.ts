import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ChatMessage, ContentPart } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { FALLBACK_TEMPLATE } from "./fallback-template.ts";
import { openTemplate, type TemplateMode } from "./open-template.ts";
import type { ProbeName } from "./template-probes.ts";
import { openTokenizer } from "./tokenizer.ts";

const GOLDEN = new URL("../../tests/golden/tiny-checkpoint/", import.meta.url);
const golden = (name: string): string => readFileSync(new URL(name, GOLDEN), "utf8");
const tokenizer = openTokenizer(
  JSON.parse(golden("tokenizer.json")),
  JSON.parse(golden("tokenizer_config.json")),
);
const image: ContentPart = { type: "image", bytes: new Uint8Array(0) };
const say = (text: string): ContentPart => ({ type: "text", text });

function failing(source: string | undefined, mode?: TemplateMode): ProbeName[] {
  const { probes } = openTemplate(tokenizer, source, mode);
  return probes.flatMap(({ name, problem }) => (problem === undefined ? [] : [name]));
}

test("the built-in template and the checkpoint's own pass every probe", () => {
  expect(failing(undefined)).toEqual([]);
  expect(failing(golden("chat_template.jinja"))).toEqual([]);
});

test.each([
  ["published-style", "words"],
  ["family", "variable"],
])("the %s template passes every probe; reasoning by %s", (name, reasoningSwitch) => {
  const file = new URL(`../../tests/templates/${name}.jinja`, import.meta.url);
  const source = readFileSync(file, "utf8");
  expect(failing(source)).toEqual([]);
  const template = openTemplate(tokenizer, source);
  expect(template.reasoningSwitch).toBe(reasoningSwitch);
  const asked: ChatMessage[] = [{ role: "user", content: [image, image, say("a")] }];
  for (const enableThinking of [true, false]) {
    expect(template.render(asked, { enableThinking }).reasoningOpen).toBe(enableThinking);
  }
});

test("a template that knows no pictures answers texts and refuses pictures by name", () => {
  const file = new URL("../../tests/templates/llama.jinja", import.meta.url);
  const fails = failing(readFileSync(file, "utf8"));
  expect(fails).toEqual(expect.arrayContaining(["one picture", "video", "reasoning on"]));
  expect(fails).not.toContain("text");
});

test("a probe reports the form of its prompt", () => {
  const { probes } = openTemplate(tokenizer, undefined);
  expect(probes.find(({ name }) => name === "video")?.shape).toMatchObject({
    images: 1,
    videos: 1,
    layout: expect.stringMatching(/^cctctitvtct/),
    end: expect.stringMatching(/<SPECIAL_11>Assistant\n<think><\/think>$/),
  });
});

describe("each kind of fault is found by its probe", () => {
  test.each<[what: string, from: RegExp | string, to: string, fails: ProbeName[]]>([
    [
      "drops pictures where there are several",
      "{{- '<image>' -}}",
      "{%- if seen.all == 1 -%}{{ '<image>' }}{%- endif -%}",
      ["several pictures", "document pages"],
    ],
    ["forgets videos", "{{ '<video>\\n' }}", "", ["video"]],
    [
      "drops tool results",
      "{{- text_of(message.content) -}}\n    {%- if loop.last",
      "{%- if loop.last",
      ["tool results"],
    ],
    ["never lists tools", "{%- if tools -%}", "{%- if false -%}", ["tools"]],
    [
      "has no reasoning",
      "{%- if ns.think -%}{{- '<think>\\n' -}}",
      "{%- if false -%}",
      ["reasoning on"],
    ],
    [
      "always reasons",
      "{%- else -%}{{- '<think></think>' -}}",
      "{%- else -%}{{- '<think>\\n' -}}",
      ["earlier answers", "reasoning off"],
    ],
    [
      "opens no turn",
      "{%- if add_generation_prompt -%}",
      "{%- if false -%}",
      ["text", "parts of text"],
    ],
    [
      "refuses lists",
      "{%- macro text_of(content) -%}",
      "{%- macro text_of(content) -%}{%- if content is not string -%}{{ bad() }}{%- endif -%}",
      ["parts of text"],
    ],
  ])("%s", (_, from, to, fails) => {
    const broken = FALLBACK_TEMPLATE.replaceAll(from, to);
    expect(broken).not.toBe(FALLBACK_TEMPLATE);
    expect(failing(broken)).toEqual(expect.arrayContaining(fails));
  });
});

test("a template that keeps earlier reasoning passes, with a note", () => {
  const keeping = FALLBACK_TEMPLATE.replace(".split('</think>')[-1] | trim", "");
  const { probes } = openTemplate(tokenizer, keeping);
  const earlier = probes.find(({ name }) => name === "earlier answers");
  expect(earlier).toMatchObject({ note: expect.stringMatching(/keeps the reasoning/) });
  expect(earlier?.problem).toBeUndefined();
  expect(openTemplate(tokenizer, undefined).probes.every(({ note }) => !note)).toBe(true);
});

const NO_LISTS =
  "{%- for m in messages -%}{%- if m.content is not string -%}" +
  "{{ raise_exception('only text') }}{%- endif -%}" +
  "{{- '<SPECIAL_11>' + m.content + '\\n' -}}{%- endfor -%}{{ '<SPECIAL_11>Assistant\\n' }}";

test("requests of a kind that fails are refused by name, others are answered", () => {
  const template = openTemplate(tokenizer, NO_LISTS);
  const pictures: ChatMessage[] = [{ role: "user", content: [image, say("a")] }];
  expect(template.render([{ role: "user", content: "a" }]).pieces.length).toBeGreaterThan(1);
  const refused = () => template.render(pictures);
  expect(refused).toThrow(expect.objectContaining({ code: "unsupported_parameter" }));
  expect(refused).toThrow(/cannot render "(one picture|parts of text)".*only text/);
});

test("with fallback, the built-in template renders what the checkpoint's cannot", () => {
  const template = openTemplate(tokenizer, NO_LISTS, "fallback");
  const builtin = openTemplate(tokenizer, undefined);
  const pictures: ChatMessage[] = [{ role: "user", content: [image, say("a")] }];
  expect(template.render(pictures)).toEqual(builtin.render(pictures));
  const text: ChatMessage[] = [{ role: "user", content: "a" }];
  expect(template.render(text)).not.toEqual(builtin.render(text));
});

test("an invalid template is refused at opening, or replaced if that is allowed", () => {
  expect(() => openTemplate(tokenizer, "{% if")).toThrow(VireoError);
  expect(() => openTemplate(tokenizer, "{% if")).toThrow(/--template fallback/);
  const replaced = openTemplate(tokenizer, "{% if", "fallback");
  expect(replaced).toMatchObject({ origin: "builtin", problem: expect.any(String) });
  expect(openTemplate(tokenizer, "{% if", "builtin").problem).toBeUndefined();
});
