import { heldLength } from "./stops.ts";

export const THINK = "<think>";
export const END_THINK = "</think>";

export interface AnswerPiece {
  readonly type: "reasoning" | "text";
  /** Never empty. */
  readonly text: string;
}

export interface ReasoningSplitter {
  push(text: string): AnswerPiece[];
  /** What was held back. */
  flush(): AnswerPiece[];
  /** `</think>` has not come yet. */
  readonly inReasoning: boolean;
  /** What may be the beginning of `</think>`. */
  readonly held: string;
  /** Line breaks left out after `</think>` so far. */
  readonly gap: string;
  /** From here on everything is text, line breaks too. */
  endGap(): void;
}

/**
 * Separates what a model thinks from what it says, in decoded text.
 *
 * It looks at text, not at ids, because `</think>` is one token in some checkpoints and several in
 * others. A suffix that may begin the tag is held back. Where the prompt opened a `<think>` block
 * (`open`), everything up to `</think>` is reasoning; a `<think>` repeated at its start is left
 * out, and so are the line breaks that the template puts after `</think>`. Otherwise all is text.
 */
export function createReasoningSplitter(open: boolean): ReasoningSplitter {
  let stage: "start" | "reasoning" | "gap" | "text" = open ? "start" : "text";
  let held = "";
  let gap = "";

  const pushStart = (text: string, last: boolean): AnswerPiece[] => {
    const begun = text.trimStart();
    if (!last && begun.length < THINK.length && THINK.startsWith(begun)) {
      held = text;
      return [];
    }
    stage = "reasoning";
    return pushReasoning(begun.startsWith(THINK) ? begun.slice(THINK.length) : text, last);
  };
  const pushReasoning = (text: string, last: boolean): AnswerPiece[] => {
    const end = text.indexOf(END_THINK);
    if (end !== -1) {
      stage = "gap";
      const rest = pushGap(text.slice(end + END_THINK.length));
      return [...piece("reasoning", text.slice(0, end)), ...rest];
    }
    const keep = last ? 0 : heldLength(text, [END_THINK], END_THINK.length);
    held = text.slice(text.length - keep);
    return piece("reasoning", text.slice(0, text.length - keep));
  };
  const pushGap = (text: string): AnswerPiece[] => {
    const said = text.replace(/^[\r\n]+/, "");
    gap += text.slice(0, text.length - said.length);
    if (said !== "") stage = "text";
    return piece("text", said);
  };
  const advance = (added: string, last: boolean): AnswerPiece[] => {
    const text = held + added;
    held = "";
    if (stage === "start") return pushStart(text, last);
    if (stage === "reasoning") return pushReasoning(text, last);
    return stage === "gap" ? pushGap(text) : piece("text", text);
  };
  return {
    push: (text) => advance(text, false),
    flush: () => advance("", true),
    get inReasoning() {
      return stage === "start" || stage === "reasoning";
    },
    get held() {
      return held;
    },
    get gap() {
      return gap;
    },
    endGap() {
      if (stage === "gap") stage = "text";
    },
  };
}

function piece(type: AnswerPiece["type"], text: string): AnswerPiece[] {
  return text === "" ? [] : [{ type, text }];
}

/** Tokens after a spent budget within which a line end is waited for. */
const GRACE_TOKENS = 500;

export interface ThinkingBudget {
  /**
   * Counts one generated token with the text that it completed (perhaps none).
   * Returns the text to put into the answer now, or undefined; it does so once at most.
   */
  observe(text: string): string | undefined;
}

/**
 * Brings reasoning to an end: at the first line end from `budgetTokens` on, or 500 tokens
 * later. For prompts that opened a `<think>` block; does nothing once `</think>` has been written.
 *
 * The returned text holds `</think>`, which may be an added token: encode it as trusted text. Its
 * tokens count like generated ones. A budget of 0 means reasoning off: the prompt's matter.
 */
export function createThinkingBudget(budgetTokens: number): ThinkingBudget {
  let tokens = 0;
  let tail = "";
  let closed = false;
  return {
    observe(text) {
      if (closed) return undefined;
      tokens += 1;
      tail = (tail + text).slice(-(END_THINK.length + text.length));
      if (tail.includes(END_THINK)) {
        closed = true;
        return undefined;
      }
      const lineEnd = tail.endsWith("\n");
      const spent =
        tokens >= budgetTokens && (text.endsWith("\n") || tokens >= budgetTokens + GRACE_TOKENS);
      if (!spent) return undefined;
      closed = true;
      return lineEnd ? `${END_THINK}\n\n` : `.\n${END_THINK}\n\n`;
    },
  };
}
