// Small conversations, one for each kind of request, that are rendered when a checkpoint is opened.
// They find a template's failures, with the line, before a user does.

import type { ChatMessage, ContentPart } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { textOf } from "./switch.ts";
import type { ChatTemplate, PromptPiece, RenderedPrompt, RenderOptions } from "./template.ts";
import type { Tokenizer } from "./tokenizer.ts";

export type ProbeName =
  | "text"
  | "one picture"
  | "several pictures"
  | "document pages"
  | "video"
  | "parts of text"
  | "tools"
  | "tool results"
  | "earlier answers"
  | "reasoning on"
  | "reasoning off"
  | "typed control words";

/** The structure of a rendered prompt, without its text. */
export interface PromptShape {
  readonly controlTokens: number;
  readonly textTokens: number;
  readonly images: number;
  readonly videos: number;
  /** c: control tokens, t: text, i: a picture, v: a video, in order. */
  readonly layout: string;
  /** Its last characters, with control tokens as text. */
  readonly end: string;
}

export interface ProbeResult {
  readonly name: ProbeName;
  readonly shape?: PromptShape;
  /** Absent: the template passed. */
  readonly problem?: string;
  /** A harmless difference from the family's template. */
  readonly note?: string;
  /** The template's line, from 1, if it is known. */
  readonly line?: number;
}

interface Probe {
  readonly name: ProbeName;
  readonly messages: readonly ChatMessage[];
  readonly options?: RenderOptions;
  /** Texts that the prompt must contain, in this order. */
  readonly texts: readonly string[];
  readonly images?: number;
  readonly videos?: number;
  /** Undefined: either is valid. */
  readonly reasoningOpen?: boolean;
}

const IMAGE: ContentPart = { type: "image", bytes: new Uint8Array(0) };
const VIDEO: ContentPart = { type: "video", bytes: new Uint8Array(0) };
const QUESTION = "Question 7391, please.";
const END = "End 5208.";
const OLD_REASONING = "Thought 1592.";
const TOOL = {
  type: "function",
  function: {
    name: "weather_4417",
    description: "Tells the weather.",
    parameters: { type: "object", properties: { city: { type: "string" } } },
  },
};
const CALL = { name: "weather_4417", arguments: '{"city": "Oslo 6203"}' };
const TYPED = "Typed <SPECIAL_12> <SPECIAL_11> <image> <video> <s> </s> and text 9026.";

const say = (text: string): ContentPart => ({ type: "text", text });
const user = (...content: ContentPart[]): ChatMessage => ({ role: "user", content });
const asked: ChatMessage = { role: "user", content: QUESTION };

const PROBES: readonly Probe[] = [
  {
    name: "text",
    messages: [{ role: "system", content: "System 8815." }, asked],
    texts: ["System 8815.", QUESTION],
  },
  { name: "one picture", messages: [user(IMAGE, say(QUESTION))], images: 1, texts: [QUESTION] },
  {
    name: "several pictures",
    messages: [user(say(QUESTION), IMAGE, IMAGE, IMAGE), answer("Yes."), user(IMAGE, say(END))],
    images: 4,
    texts: [QUESTION, "Yes.", END],
  },
  {
    name: "document pages",
    messages: [user(say(QUESTION), IMAGE, IMAGE, say(END))],
    images: 2,
    texts: [QUESTION, END],
  },
  {
    name: "video",
    messages: [user(VIDEO, IMAGE, say(QUESTION))],
    images: 1,
    videos: 1,
    texts: [QUESTION],
  },
  { name: "parts of text", messages: [user(say(QUESTION), say(END))], texts: [QUESTION, END] },
  { name: "tools", messages: [asked], options: { tools: [TOOL] }, texts: [TOOL.function.name] },
  {
    name: "tool results",
    messages: [
      asked,
      { role: "assistant", content: "", toolCalls: [CALL, CALL] },
      { role: "tool", content: "Rain 1147" },
      { role: "tool", content: "Sun 3356" },
    ],
    options: { tools: [TOOL] },
    texts: [CALL.name, CALL.arguments, "Rain 1147", "Sun 3356"],
  },
  {
    name: "earlier answers",
    messages: [
      asked,
      answer(`<think>\n${OLD_REASONING}\n</think>\n\nAnswer 2740.`),
      user(say(END)),
    ],
    texts: [QUESTION, "Answer 2740.", END],
    reasoningOpen: false,
  },
  {
    name: "reasoning on",
    messages: [asked],
    options: { enableThinking: true },
    texts: [QUESTION],
    reasoningOpen: true,
  },
  {
    name: "reasoning off",
    messages: [asked],
    options: { enableThinking: false },
    texts: [QUESTION],
    reasoningOpen: false,
  },
  { name: "typed control words", messages: [{ role: "user", content: TYPED }], texts: [TYPED] },
];

function answer(content: string): ChatMessage {
  return { role: "assistant", content };
}

/** Renders every probe; failures of the template become results. */
export function probeTemplate(template: ChatTemplate, tokenizer: Tokenizer): ProbeResult[] {
  return PROBES.map((probe) => {
    const { name, messages, options } = probe;
    try {
      const rendered = template.render(messages, options);
      const problem = problemOf(probe, rendered) ?? leakOf(probe, rendered, template);
      const shape = shapeOf(rendered.pieces, tokenizer);
      const keeps = problem === undefined && joined(rendered.pieces).includes(OLD_REASONING);
      return {
        name,
        shape,
        ...defined({ problem }),
        ...(keeps ? { note: "keeps the reasoning of earlier answers in the prompt" } : {}),
      };
    } catch (error) {
      if (!(error instanceof VireoError)) throw error;
      const line = lineOf(error);
      return { name, problem: error.message, ...defined({ line }) };
    }
  });
}

/** The line of the template in the cause of an error. */
export function lineOf({ cause }: VireoError): number | undefined {
  if (typeof cause !== "object" || cause === null || !("line" in cause)) return undefined;
  return typeof cause.line === "number" && cause.line > 0 ? cause.line : undefined;
}

function problemOf(probe: Probe, { pieces, reasoningOpen }: RenderedPrompt): string | undefined {
  const counted = { image: probe.images ?? 0, video: probe.videos ?? 0 };
  for (const kind of ["image", "video"] as const) {
    const places = pieces.filter((piece) => piece.kind === kind).length;
    if (places !== counted[kind]) {
      return `the prompt has ${places} ${kind} places; the messages have ${counted[kind]}`;
    }
  }
  const text = joined(pieces);
  let at = 0;
  for (const wanted of probe.texts) {
    const found = text.indexOf(wanted, at);
    if (found < 0) return `the prompt does not hold ${JSON.stringify(wanted)} in its place`;
    at = found + wanted.length;
  }
  if (text.slice(at).trim() === "") {
    return "the prompt ends with the user's words; the assistant's turn is not opened";
  }
  if (/(^|[^<])\/(no_)?think/.test(text)) return "the prompt shows the word of the switch";
  if (probe.reasoningOpen === undefined || probe.reasoningOpen === reasoningOpen) return undefined;
  return `reasoning is ${reasoningOpen ? "open" : "closed"} at the prompt's end`;
}

/** Checks that typed control words add no control tokens. */
function leakOf(
  { name, messages }: Probe,
  { pieces }: RenderedPrompt,
  template: ChatTemplate,
): string | undefined {
  if (name !== "typed control words") return undefined;
  const plain = messages.map(({ role, content }): ChatMessage => {
    return { role, content: textOf(content).replace(/<[^>]*>/g, "word") };
  });
  const expected = controls(template.render(plain).pieces);
  const found = controls(pieces);
  if (found === expected) return undefined;
  return `typed words became control tokens: ${found} instead of ${expected}`;
}

function controls(pieces: readonly PromptPiece[]): number {
  return pieces.filter(({ kind }) => kind === "control").length;
}

function joined(pieces: readonly PromptPiece[]): string {
  return pieces.map((piece) => (piece.kind === "text" ? piece.text : "")).join("");
}

function spelled(pieces: readonly PromptPiece[], { decode }: Tokenizer): string {
  const texts = pieces.map((piece) => {
    if (piece.kind === "text") return piece.text;
    return piece.kind === "control"
      ? decode([piece.id], { skipSpecial: false })
      : `<${piece.kind}>`;
  });
  return texts.join("");
}

const END_PIECES = 4;
const END_CHARACTERS = 48;
const LETTERS = Object.freeze({ control: "c", text: "t", image: "i", video: "v" });

function shapeOf(pieces: readonly PromptPiece[], tokenizer: Tokenizer): PromptShape {
  const count = (kind: PromptPiece["kind"]): number =>
    pieces.filter((piece) => piece.kind === kind).length;
  return {
    controlTokens: count("control"),
    textTokens: pieces.reduce((sum, piece) => {
      return piece.kind === "text" ? sum + tokenizer.encodeText(piece.text).length : sum;
    }, 0),
    images: count("image"),
    videos: count("video"),
    layout: pieces.map(({ kind }) => LETTERS[kind]).join(""),
    end: spelled(pieces.slice(-END_PIECES), tokenizer).slice(-END_CHARACTERS),
  };
}

/** The names of the probes that cover a request. */
export function probesOf(
  messages: readonly ChatMessage[],
  { tools = [], enableThinking }: RenderOptions,
): ReadonlySet<ProbeName> {
  const names = new Set<ProbeName>(["text", "typed control words"]);
  const parts = messages.flatMap(({ content }) => (typeof content === "string" ? [] : content));
  const images = parts.filter(({ type }) => type === "image").length;
  if (images === 1) names.add("one picture");
  if (images > 1) names.add("several pictures").add("document pages");
  if (parts.some(({ type }) => type === "video")) names.add("video");
  if (parts.length > 0) names.add("parts of text");
  if (tools.length > 0) names.add("tools");
  const calls = messages.some(({ role, toolCalls }) => role === "tool" || toolCalls !== undefined);
  if (calls) names.add("tool results");
  if (messages.some(({ role }) => role === "assistant")) names.add("earlier answers");
  if (enableThinking !== undefined) names.add(enableThinking ? "reasoning on" : "reasoning off");
  return names;
}
