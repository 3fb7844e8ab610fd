import {
  type AnswerPiece,
  createReasoningSplitter,
  type ReasoningSplitter,
  THINK,
} from "../../text/reasoning.ts";

/**
 * Finds reasoning that a server left in the text: an answer that begins with `<think>`. Text that
 * begins otherwise passes at once and unchanged.
 */
export class ThinkSplitter {
  private splitter: ReasoningSplitter | undefined;
  private start: string | undefined = "";

  push(text: string): AnswerPiece[] {
    if (this.splitter !== undefined) return this.splitter.push(text);
    if (this.start === undefined) return text === "" ? [] : [{ type: "text", text }];
    const begun = this.start + text;
    const shown = begun.trimStart();
    if (shown.startsWith(THINK)) {
      this.start = undefined;
      this.splitter = createReasoningSplitter(true);
      return this.splitter.push(begun);
    }
    if (THINK.startsWith(shown)) {
      this.start = begun;
      return [];
    }
    this.start = undefined;
    return [{ type: "text", text: begun }];
  }

  /** Returns the text that was held back. */
  end(): AnswerPiece[] {
    if (this.splitter !== undefined) return this.splitter.flush();
    const text = this.start ?? "";
    this.start = undefined;
    return text === "" ? [] : [{ type: "text", text }];
  }
}
