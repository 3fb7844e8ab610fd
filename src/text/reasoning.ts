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
  /** Returns the text that was held back. */
  flush(): AnswerPiece[];
  /** Whether `</think>` is still to come. */
  readonly inReasoning: boolean;
  /** Held back text that may be the beginning of `</think>`. */
  readonly held: string;
  /** Line breaks dropped after `</think>` so far. */
  readonly gap: string;
  /** Makes everything that follows text, including line breaks. */
  endGap(): void;
}

/**
 * Separates reasoning from the answer in decoded text.
 *
 * It works on text, not ids, because `</think>` is one token in some checkpoints and several in
 * others. A suffix that may begin the tag is held back. If the prompt opened a `<think>` block
 * (`open`), everything up to `</think>` is reasoning. A repeated `<think>` at its start is dropped,
 * and so are the line breaks that the template puts after `</think>`. Otherwise all is text.
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

/** Maximum number of tokens to wait for a line end after the budget is spent. */
const GRACE_TOKENS = 500;

export interface ThinkingBudget {
  /**
   * Counts one generated token with the text that it completed (perhaps none).
   * Returns the text to insert into the answer now, or undefined; it does so at most once.
   */
  observe(text: string): string | undefined;
}

/**
 * Ends reasoning at the first line end after `budgetTokens`, or at the latest 500 tokens later. It
 * is for prompts that opened a `<think>` block, and does nothing after `</think>`.
 *
 * The inserted text contains `</think>`, which may be an added token: encode it as trusted text.
 * Its tokens count like generated ones. The prompt handles a budget of 0 (reasoning off).
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
