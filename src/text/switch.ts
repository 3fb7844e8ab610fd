import type { ChatMessage, ContentPart } from "../core/chat.ts";

/**
 * How a template switches reasoning on or off: by its variable `enable_thinking`, by the words
 * `/think` and `/no_think` in a message, or not at all.
 */
export type ReasoningSwitch = "variable" | "words" | "none";

export const SWITCH_WORDS = Object.freeze({ on: "/think", off: "/no_think" });

const END_THINK = "</think>";

/** Renders a conversation; throws what the template throws. */
type Render = (messages: readonly ChatMessage[], variables: Record<string, unknown>) => string;

/**
 * Finds the switch by rendering both positions. The name `enable_thinking` in a template's source
 * proves nothing, because it may be a member of a namespace.
 */
export function findSwitch(render: Render): ReasoningSwitch {
  const question: ChatMessage = { role: "user", content: "Hello" };
  const differs = (renderWith: (on: boolean) => string): boolean => {
    try {
      return renderWith(true) !== renderWith(false);
    } catch {
      return false; // the probes report failures
    }
  };
  if (differs((on) => render([question], { enable_thinking: on }))) return "variable";
  const answered = (on: boolean): string => {
    const rendered = render([{ role: "system", content: wordFor(on) }, question], {});
    return rendered.replaceAll(wordFor(on), ""); // a template that prints the word has no switch
  };
  return differs(answered) ? "words" : "none";
}

/** Adds the word for or against reasoning to the messages, unless one already has it. */
export function withWords(messages: readonly ChatMessage[], on: boolean): readonly ChatMessage[] {
  if (messages.some(hasSwitch)) return messages;
  const [first, ...rest] = messages;
  const word = wordFor(on);
  if (first?.role !== "system") return [{ role: "system", content: word }, ...messages];
  const text = textOf(first.content);
  return [{ ...first, content: text === "" ? word : `${text} ${word}` }, ...rest];
}

/** Whether a message contains a switch word. */
function hasSwitch({ role, content }: ChatMessage): boolean {
  if (role !== "system" && role !== "user") return false;
  return /\/(no_)?think/.test(textOf(content).replaceAll(END_THINK, ""));
}

/** The text parts of a message, joined. */
export function textOf(content: string | readonly ContentPart[]): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function wordFor(on: boolean): string {
  return on ? SWITCH_WORDS.on : SWITCH_WORDS.off;
}
