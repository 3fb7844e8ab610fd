// Readers of text: templates, tokenizer, and the readers of an answer as it arrives.

import { readFileSync } from "node:fs";
import { createDetokenizer } from "../../../dist/text/detokenizer.js";
import { FALLBACK_TEMPLATE } from "../../../dist/text/fallback-template.js";
import { TemplateError } from "../../../dist/text/jinja/errors.js";
import { compileTemplate } from "../../../dist/text/jinja/jinja.js";
import { createReasoningSplitter } from "../../../dist/text/reasoning.js";
import { createStopMatcher } from "../../../dist/text/stops.js";
import { openTokenizer } from "../../../dist/text/tokenizer.js";
import { createToolCallParser } from "../../../dist/text/tool-calls.js";
import { allow, cut, expect } from "../check.mjs";

let tokenizer;

function tinyTokenizer() {
  if (tokenizer !== undefined) return tokenizer;
  const folder = new URL("../../../models/tiny/", import.meta.url);
  const read = (name) => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
  tokenizer = openTokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
  return tokenizer;
}

const VARIABLES = {
  messages: [
    { role: "user", content: [{ type: "text", text: "a" }, { type: "image" }] },
    {
      role: "assistant",
      content: "b",
      tool_calls: [{ function: { name: "f", arguments: { x: 1 } } }],
    },
  ],
  tools: [{ type: "function", function: { name: "f", parameters: {} } }],
  add_generation_prompt: true,
};

/** The result must not depend on how an answer is cut into pieces. */
function samePieces(open, join) {
  return (text) => {
    const whole = open();
    const inOne = join([whole.push(text), whole.flush()]);
    const split = open();
    const pieces = cut(text).map((piece) => split.push(piece));
    const inMany = join([...pieces, split.flush()]);
    const seen = () => `${JSON.stringify(inOne)} and ${JSON.stringify(inMany)}`;
    expect(JSON.stringify(inOne) === JSON.stringify(inMany), `pieces change the result: ${seen()}`);
  };
}

/** Joins neighbours of one type. */
function merged(lists) {
  const result = [];
  for (const { type, text, ...rest } of lists.flat()) {
    const last = result.at(-1);
    if (text !== undefined && last?.type === type) last.text += text;
    else if (text !== "") result.push({ type, text, ...rest });
  }
  return result;
}

export const targets = {
  template: {
    form: "text",
    covers: ["/dist/text/jinja/"],
    maxBytes: 4096,
    dictionary: [
      "{%",
      "%}",
      "{{",
      "}}",
      "{#",
      "#}",
      "{%-",
      "-%}",
      " for x in ",
      " endfor ",
      " if ",
      " else ",
      " endif ",
      " set x = ",
      " macro f(a) ",
      " endmacro ",
      "|join(',')",
      "|tojson",
      "|length",
      "[1:]",
      ".items()",
      "loop.index",
      "namespace(a=1)",
      " is defined",
      " not in ",
      "'a' * 3",
      "~",
      "**",
      "//",
      "range(3)",
      "messages[0].content",
      "raise_exception('e')",
    ],
    seeds: () => [
      FALLBACK_TEMPLATE.slice(0, 4000),
      "{% for m in messages %}{{ loop.index ~ m.role }}{% if loop.last %}.{% endif %}{% endfor %}",
      "{%- set n = namespace(a=1) -%}{% macro f(x, y=2) %}{{ x + y }}{% endmacro %}{{ f(n.a) }}",
      "{{ tools | tojson(indent=2) }}{{ messages | map(attribute='role') | sort | join('-') }}",
      "{{ 'a%s' % 1 }}{{ '{:>5}'.format('x') }}{{ [1, 2][::-1] }}{{ {'a': 1}['a'] // 2 ** 3 }}",
    ],
    run(source) {
      const template = allow(TemplateError, () => compileTemplate(source));
      if (template !== undefined) allow(TemplateError, () => template.render(VARIABLES));
    },
  },
  tokenizer: {
    form: "text",
    covers: ["/dist/text/tokenizer.js", "/dist/text/added-tokens.js", "/dist/text/detokenizer.js"],
    dictionary: [
      "<SPECIAL_12>",
      "<image>",
      "<think>",
      "  ",
      "\u00e9",
      "\u{1f600}",
      "\u4e2d",
      "'s",
      "123",
    ],
    seeds: () => [
      "The total is 12.50 EUR.",
      "a <image> b </think> c",
      "\u00fc\u{1f600} \u4e2d\u6587 \t\n  x",
    ],
    /** Text without control tokens survives encoding and decoding, whole and in pieces. */
    run(text) {
      const { encodeText, encodeWithAdded, decode, addedTokens, vocabularySize } = tinyTokenizer();
      const added = new Set(addedTokens.map(({ id }) => id));
      const ids = encodeText(text);
      expect(
        ids.every((id) => id < vocabularySize && !added.has(id)),
        "text became a control token",
      );
      const clean = text.toWellFormed?.() ?? Buffer.from(text).toString();
      expect(decode(ids, { skipSpecial: false }) === clean, "decoding does not give the text back");
      expect(
        decode(encodeWithAdded(text), { skipSpecial: false }) === clean,
        "added tokens change it",
      );
      const detokenizer = createDetokenizer(tinyTokenizer());
      const streamed = ids.map((id) => detokenizer.push(id)).join("") + detokenizer.flush();
      expect(streamed === clean, "streamed decoding does not give the text back");
    },
  },
  "tool-calls": {
    form: "text",
    covers: ["/dist/text/tool-calls.js"],
    dictionary: [
      "<TOOLCALL>",
      "</TOOLCALL>",
      "[",
      "]",
      '{"name": "f", "arguments": {}}',
      '"',
      "\\",
      ",",
      "<TOOL",
      "\n",
    ],
    seeds: () => [
      'a <TOOLCALL>[{"name": "f", "arguments": {"x": "</TOOLCALL>"}}]</TOOLCALL> b',
      "<TOOLCALL>[]</TOOLCALL>",
    ],
    run: samePieces(() => createToolCallParser(), merged),
  },
  reasoning: {
    form: "text",
    covers: ["/dist/text/reasoning.js"],
    dictionary: ["<think>", "</think>", "\n\n", "</thi", "<"],
    seeds: () => ["<think>a</think>\n\nb", "a</think>b</think>c", "no end"],
    run: samePieces(() => createReasoningSplitter(true), merged),
  },
  stops: {
    form: "text",
    covers: ["/dist/text/stops.js"],
    dictionary: ["END", "ENDE", "NDX", "\n\n", "E"],
    seeds: () => ["some text END more", "ENENDX\n\n", "NDNDENDE"],
    /** Emits what stands before the first stop string, however the text is cut. */
    run(text) {
      const stops = ["END", "NDX", "\n\n"];
      const matcher = createStopMatcher(stops);
      let [emitted, stop] = ["", undefined];
      for (const piece of cut(text)) {
        const result = matcher.push(piece);
        emitted += result.text;
        stop = result.stop;
        if (stop !== undefined) break;
      }
      if (stop === undefined) emitted += matcher.flush();
      const ends = stops
        .map((one) => text.indexOf(one))
        .map((at, index) => (at === -1 ? Infinity : at + stops[index].length));
      const end = Math.min(...ends);
      expect((stop === undefined) === (end === Infinity), `stop ${stop} at ${end}`);
      if (stop === undefined) expect(emitted === text, "text was lost");
      else expect(emitted === text.slice(0, end - stop.length), "stopped at another place");
    },
  },
};
