import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chooser } from "../../tests/schemas/bytes.ts";
import type { ChatEvent, ChatRequest } from "../core/chat.ts";
import { GREEDY } from "../core/chat.ts";
import { isAllowed } from "../grammar/vocabulary.ts";
import { openTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import { Answer, type AnswerOptions } from "./answer.ts";
import { Constraints } from "./constraint.ts";

const EOS = 12;
const TINY = new URL("../../models/tiny/tokenizer.json", import.meta.url);

interface TokenizerJson {
  added_tokens: { id: number; content: string; special: boolean }[];
  model: { vocab: Record<string, number>; merges: string[][] };
}

/** The tiny tokenizer with tokens that real ones have: some that run over the end of a tag. */
function tokenizerWith(added: readonly { content: string; special: boolean }[] = []): Tokenizer {
  const json = JSON.parse(readFileSync(TINY, "utf8")) as TokenizerJson;
  const ids = [...Object.values(json.model.vocab), ...json.added_tokens.map((token) => token.id)];
  let next = Math.max(...ids) + 1;
  const merges = [
    ["Ċ", "Ċ"],
    [">", "ĊĊ"],
    [">", "Ċ"],
    [">", "["],
    [">[", "{"],
    ["k", ">"],
    ["k>", "A"],
  ];
  for (const [left, right] of merges) {
    json.model.vocab[`${left}${right}`] ??= next++;
    json.model.merges.push([left ?? "", right ?? ""]);
  }
  for (const token of added) json.added_tokens.push({ ...token, id: next++ });
  return openTokenizer(json, {});
}

const TAGS = ["<TOOLCALL>", "</TOOLCALL>"];
const TOKENIZERS: [string, Tokenizer][] = [
  ["tags of several tokens", tokenizerWith()],
  ["tags of one token", tokenizerWith(TAGS.map((content) => ({ content, special: false })))],
  ["tags of one special token", tokenizerWith(TAGS.map((content) => ({ content, special: true })))],
];

const base = { stop: [], maxTokens: 4000, minTokens: 0, ignoreEos: false, eosIds: [EOS] };
const tool = {
  name: "f",
  strict: true,
  parameters: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
};

async function answerOf(
  tokenizer: Tokenizer,
  request: Partial<ChatRequest>,
  options: Partial<AnswerOptions> = {},
): Promise<Answer> {
  const whole = { messages: [], sampling: GREEDY, stop: [], reasoning: {}, ...request };
  const constraints = new Constraints(tokenizer, tokenizer.vocabularySize, [EOS]);
  const constraint = await constraints.open(whole);
  return new Answer(tokenizer, {
    ...base,
    reasoningOpen: false,
    ...(request.tools ? { tools: "offered" } : {}),
    ...(constraint ? { constraint } : {}),
    ...options,
  });
}

/** Pushes these texts' tokens, then tokens by chance among those that may come. */
function drive(answer: Answer, tokenizer: Tokenizer, script: string, seed = 1): ChatEvent[] {
  const choose = chooser(seed);
  const events: ChatEvent[] = [];
  const push = (id: number): void => {
    events.push(...answer.push(id, new Float32Array(0)));
    while (answer.finish === undefined && answer.forced.length > 0) {
      events.push(...answer.push(answer.forced.shift()!, new Float32Array(0)));
    }
  };
  for (const id of tokenizer.encodeWithAdded(script)) {
    if (answer.allowed) expect(isAllowed(answer.allowed, id), `${script}: ${id}`).toBe(true);
    expect(answer.forbidden).not.toContain(id);
    push(id);
  }
  while (answer.finish === undefined) {
    const { allowed, forbidden } = answer;
    const all = Array.from({ length: tokenizer.vocabularySize }, (_, id) => id);
    const may = all.filter((id) => !forbidden.includes(id) && (!allowed || isAllowed(allowed, id)));
    push(may[choose(may.length)]!);
  }
  return events;
}

function said(events: readonly ChatEvent[], type: "text" | "reasoning"): string {
  return events.map((event) => (event.type === type ? event.text : "")).join("");
}

/** Arguments that no grammar holds to a schema; a tool without parameters is held to `{}`. */
const loose = { name: "f", parameters: { type: "object", properties: { s: {} } } };

describe.each(TOKENIZERS)("with %s", (_name, tokenizer) => {
  test.each(["", "Let me look: ", "a <TOOLCAL< "])("%j, then strict calls", async (before) => {
    for (let seed = 0; seed < 6; seed++) {
      const answer = await answerOf(tokenizer, { tools: [tool], toolChoice: "auto" });
      const events = drive(answer, tokenizer, `${before}<TOOLCALL>`, seed);
      expect(answer.finish).toBe("tool_call");
      expect(said(events, "text")).toBe(before);
      for (const event of events) {
        if (event.type !== "tool_call") continue;
        expect(event.name).toBe("f");
        expect(Number.isInteger(JSON.parse(event.arguments).n)).toBe(true);
      }
      expect(events.some((event) => event.type === "tool_call")).toBe(true);
    }
  });

  test("calls without a constraint are found all the same", async () => {
    const answer = await answerOf(tokenizer, { tools: [loose] });
    expect(answer.allowed).toBeUndefined();
    const text = 'Yes.\n<TOOLCALL>[{"name": "f", "arguments": {"s": "STOP"}}]</TOOLCALL>';
    const events = drive(answer, tokenizer, text);
    expect(answer.finish).toBe("tool_call");
    expect(events.at(-1)).toEqual({
      type: "tool_call",
      index: 0,
      name: "f",
      arguments: '{"s": "STOP"}',
    });
  });

  test("stop strings do not apply inside calls, but they do outside", async () => {
    const text = 'Go <TOOLCALL>[{"name": "f", "arguments": {"s": "END"}}]</TOOLCALL>';
    const stop = ["END", "TOOL"];
    const inside = await answerOf(tokenizer, { tools: [loose] }, { stop });
    drive(inside, tokenizer, text);
    expect(inside.finish).toBe("tool_call");
    const outside = await answerOf(tokenizer, { tools: [loose] }, { stop: ["Go"] });
    for (const id of tokenizer.encodeText("Go on")) {
      if (outside.finish === undefined) outside.push(id, new Float32Array(0));
    }
    expect(outside.finish).toBe("stop_string");
  });

  test("incomplete calls are returned as far as they were generated", async () => {
    const written = '<TOOLCALL>[{"name": "f", "arguments": {"n": 12345';
    const ids = tokenizer.encodeWithAdded(written);
    for (let length = 1; length <= ids.length; length++) {
      const cut = await answerOf(tokenizer, { tools: [loose] }, { maxTokens: length });
      const events = ids
        .slice(0, length)
        .flatMap((id) => (cut.finish ? [] : cut.push(id, new Float32Array(0))));
      expect(cut.finish).toBe("length");
      expect(said(events, "text")).toBe("");
      const calls = events.filter(({ type }) => type === "tool_call");
      if (length === ids.length) {
        const partial = { name: "f", arguments: '{"n": 12345' };
        expect(calls).toEqual([{ type: "tool_call", index: 0, ...partial }]);
      }
    }
  });

  test("calls that cannot be read are text without tags", async () => {
    const answer = await answerOf(tokenizer, { tools: [loose] });
    const script = 'So: <TOOLCALL>[{"nam" f}]</TOOLCALL> and on';
    const ids = [...tokenizer.encodeWithAdded(script), EOS];
    const events = ids.flatMap((id) => answer.push(id, new Float32Array(0)));
    expect(answer.finish).toBe("eos");
    expect(said(events, "text")).toBe('So: [{"nam" f}] and on');
  });

  test("calls of tools that were not offered are text without tags", async () => {
    const answer = await answerOf(tokenizer, {}, { tools: "hidden" });
    const script = '<TOOLCALL>[{"name": "f", "arguments": {}}]</TOOLCALL>';
    const ids = [...tokenizer.encodeWithAdded(script), EOS];
    const events = ids.flatMap((id) => answer.push(id, new Float32Array(0)));
    expect(said(events, "text")).toBe('[{"name": "f", "arguments": {}}]');
  });

  test("calls without their closing tag are calls", async () => {
    const ids = tokenizer.encodeWithAdded('<TOOLCALL>[{"name":"f","arguments":{}}');
    const open = await answerOf(tokenizer, { tools: [loose] });
    const rest = [...ids, EOS].flatMap((id) => open.push(id, new Float32Array(0)));
    expect(open.finish).toBe("tool_call");
    expect(rest.at(-1)).toMatchObject({ type: "tool_call", name: "f", arguments: "{}" });
  });
});

describe("a constraint after reasoning", () => {
  const [[, tokenizer]] = TOKENIZERS as [[string, Tokenizer]];
  const output = { type: "choice", choices: ["yes", "no"] } as const;

  test.each(["thinking</think>", "x</think>\n", "hm</think>\n\n", ""])("%j", async (script) => {
    for (let seed = 0; seed < 8; seed++) {
      const answer = await answerOf(
        tokenizer,
        { output },
        { reasoningOpen: true, budgetTokens: 9 },
      );
      const events = drive(answer, tokenizer, script, seed);
      expect(["yes", "no"]).toContain(said(events, "text"));
      expect(answer.finish).toBe("grammar_end");
      expect(said(events, "reasoning")).not.toContain("</think>");
    }
  });

  test("tokens that run over the end of the tag are forbidden, line breaks are not", async () => {
    const answer = await answerOf(tokenizer, { output }, { reasoningOpen: true });
    const one = (text: string): number => {
      const ids = tokenizer.encodeText(text);
      expect(ids, text).toHaveLength(1);
      return ids[0]!;
    };
    for (const id of tokenizer.encodeText("so")) answer.push(id, new Float32Array(0));
    expect(answer.forbidden).toContain(EOS);
    expect(answer.forbidden).not.toContain(one(">["));
    for (const letter of "</think") answer.push(one(letter), new Float32Array(0));
    expect(answer.forbidden).toContain(one(">["));
    expect(answer.forbidden).toContain(one(">[{"));
    expect(answer.forbidden).not.toContain(one(">\n\n"));
    expect(answer.forbidden).not.toContain(one(">"));
  });

  test("a pattern that begins with a line break keeps it", async () => {
    const wish = { type: "regex", pattern: "\\n+x" } as const;
    const answer = await answerOf(tokenizer, { output: wish }, { reasoningOpen: true });
    expect(said(drive(answer, tokenizer, "a</think>"), "text")).toMatch(/^\n+x$/);
  });
});

describe("reasoning that never ends", () => {
  const [[, tokenizer]] = TOKENIZERS as [[string, Tokenizer]];
  const run = async (script: string, options: Partial<AnswerOptions>) => {
    const request = options.tools ? { tools: [loose] } : {};
    const answer = await answerOf(tokenizer, request, { reasoningOpen: true, ...options });
    const events: ChatEvent[] = [];
    for (const id of [...tokenizer.encodeWithAdded(script), EOS]) {
      if (answer.finish === undefined) events.push(...answer.push(id, new Float32Array(0)));
    }
    return { answer, events };
  };

  test("is also the answer if the model stops by itself", async () => {
    const { answer, events } = await run("\n\nIt is 4 < 5", {});
    expect(answer.finish).toBe("eos");
    expect(said(events, "reasoning")).toBe("\n\nIt is 4 < 5");
    expect(said(events, "text")).toBe("It is 4 < 5");
  });

  test("may contain calls and stop strings", async () => {
    const call = '<TOOLCALL>[{"name": "f", "arguments": {}}]</TOOLCALL>';
    const called = await run(`Let me see ${call}`, { tools: "offered" });
    expect(called.answer.finish).toBe("tool_call");
    expect(said(called.events, "text")).toBe("Let me see ");
    const stopped = await run("It is END 4", { stop: ["END"] });
    expect(stopped.answer.finish).toBe("stop_string");
    expect(said(stopped.events, "text")).toBe("It is ");
  });

  test("stays reasoning if the token limit ended the answer", async () => {
    const { answer, events } = await run("It is four", { maxTokens: 3 });
    expect(answer.finish).toBe("length");
    expect(said(events, "text")).toBe("");
  });
});

describe("ends", () => {
  const [[, tokenizer]] = TOKENIZERS as [[string, Tokenizer]];
  const digits = { type: "regex", pattern: "\\d+" } as const;

  test("stop tokens end a constrained answer only if the grammar allows an end", async () => {
    const [comma, one] = [",", "1"].map((text) => tokenizer.encodeText(text)[0]!);
    const stopTokenIds = [one!];
    const answer = await answerOf(tokenizer, { output: digits }, { stopTokenIds });
    answer.push(one!, new Float32Array(0));
    expect(answer.finish).toBeUndefined();
    answer.push(one!, new Float32Array(0));
    expect(answer.finish).toBe("eos");
    expect(() => answer.push(comma!, new Float32Array(0))).toThrow("does not allow");
  });

  test("without a constraint a stop token ends at once, and not before minTokens", async () => {
    const [one] = tokenizer.encodeText("1");
    const options = { stopTokenIds: [one!], minTokens: 1, ignoreEos: true };
    const answer = await answerOf(tokenizer, {}, options);
    expect(answer.forbidden).toEqual([EOS, one]);
    answer.push(EOS, new Float32Array(0));
    expect(answer.forbidden).toEqual([]);
    answer.push(one!, new Float32Array(0));
    expect(answer.finish).toBe("eos");
  });
});
