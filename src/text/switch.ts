import type { ChatMessage, ContentPart } from "../core/chat.ts";

/**
 * How a template is asked for or against reasoning: by its variable `enable_thinking`, by the words
 * `/think` and `/no_think` in a message, or not at all.
 */
export type ReasoningSwitch = "variable" | "words" | "none";

export const SWITCH_WORDS = Object.freeze({ on: "/think", off: "/no_think" });

const END_THINK = "</think>";

/** Renders a conversation; throws what the template throws. */
type Draw = (messages: readonly ChatMessage[], variables: Record<string, unknown>) => string;

/**
 * Finds the switch by rendering both positions: the word `enable_thinking` in a template's source
 * says nothing, it may be a name inside a namespace.
 */
export function findSwitch(draw: Draw): ReasoningSwitch {
  const question: ChatMessage = { role: "user", content: "Hello" };
  const differs = (render: (on: boolean) => string): boolean => {
    try {
      return render(true) !== render(false);
    } catch {
      return false; // what fails is told by the probes
    }
  };
  if (differs((on) => draw([question], { enable_thinking: on }))) return "variable";
  const answered = (on: boolean): string => {
    const asked = draw([{ role: "system", content: wordFor(on) }, question], {});
    return asked.replaceAll(wordFor(on), ""); // one that prints the word has no switch
  };
  return differs(answered) ? "words" : "none";
}

/** The same messages, asking for or against reasoning in words unless one of them does already. */
export function withWords(messages: readonly ChatMessage[], on: boolean): readonly ChatMessage[] {
  if (messages.some(hasSwitch)) return messages;
  const [first, ...rest] = messages;
  const word = wordFor(on);
  if (first?.role !== "system") return [{ role: "system", content: word }, ...messages];
  const text = textOf(first.content);
  return [{ ...first, content: text === "" ? word : `${text} ${word}` }, ...rest];
}

/** Whether a message turns reasoning on or off by itself. */
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
