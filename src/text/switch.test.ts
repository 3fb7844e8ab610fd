import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ChatMessage } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { createChatTemplate } from "./template.ts";
import { openTokenizer } from "./tokenizer.ts";

const golden = (name: string): unknown =>
  JSON.parse(
    readFileSync(new URL(`../../tests/golden/tiny-checkpoint/${name}`, import.meta.url), "utf8"),
  );
const tokenizer = openTokenizer(golden("tokenizer.json"), golden("tokenizer_config.json"));

/** Prints the messages without switches, then opens reasoning where `condition` says so. */
function templateWith(condition: string): string {
  return (
    "{%- set state = namespace(enable_thinking=false) -%}" +
    "{%- for m in messages -%}" +
    "{%- if '/think' in m.content -%}{%- set state.enable_thinking = true -%}" +
    "{%- elif '/no_think' in m.content -%}{%- set state.enable_thinking = false -%}{%- endif -%}" +
    "{{- '<SPECIAL_11>' + m.content.replace('/think', '').replace('/no_think', '') -}}" +
    "{%- endfor -%}" +
    `{%- if ${condition} -%}{{ '<SPECIAL_11><think>' }}` +
    "{%- else -%}{{ '<SPECIAL_11><think></think>' }}{%- endif -%}"
  );
}

const question: ChatMessage[] = [{ role: "user", content: "a" }];
const variable = createChatTemplate(
  tokenizer,
  templateWith("enable_thinking is defined and enable_thinking"),
);
// the name occurs, but only inside a namespace
const words = createChatTemplate(tokenizer, templateWith("state.enable_thinking"));
const none = createChatTemplate(
  tokenizer,
  "{%- for m in messages -%}{{ '<SPECIAL_11>' + m.content }}{%- endfor -%}",
);

test("rendering decides which switch works, not the template's source", () => {
  expect(variable.reasoningSwitch).toBe("variable");
  expect(words.reasoningSwitch).toBe("words");
  expect(none.reasoningSwitch).toBe("none");
});

describe.each([
  ["variable", variable],
  ["words", words],
])("a template with %s", (_, template) => {
  test.each([true, false])("reasoning is requested: %s", (enableThinking) => {
    expect(template.render(question, { enableThinking }).reasoningOpen).toBe(enableThinking);
  });
});

test("a word in a message wins over the request", () => {
  const messages: ChatMessage[] = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "a /no_think" },
  ];
  expect(words.render(messages, { enableThinking: true }).reasoningOpen).toBe(false);
});

test("a template without a switch refuses to reason by name, and answers without", () => {
  const ask = (enableThinking: boolean) => none.render(question, { enableThinking });
  expect(() => ask(true)).toThrow(VireoError);
  expect(() => ask(true)).toThrow(/cannot turn reasoning on/);
  expect(ask(false).reasoningOpen).toBe(false);
});
