import { LIMITS } from "../../core/limits.ts";

/**
 * One rendering: its output and its remaining steps.
 *
 * A template comes with a checkpoint, so a stranger may have written it. Every loop and every
 * operation whose cost grows with its operands spends steps; without steps the rendering fails.
 */
export class Run {
  /** Line of the statement that runs. */
  line = 0;
  out = "";
  /** Macros and recursive loops that are being called. */
  private calls = 0;
  private steps: number;

  constructor(steps: number) {
    this.steps = steps;
  }

  spend(steps: number): void {
    this.steps -= steps;
    if (this.steps < 0) throw new Error("the template takes too many steps");
  }

  /** Spends steps for reading a text, and returns it. */
  reading(text: string): string {
    if (text.length >= 32) this.spend(text.length >> 5);
    return text;
  }

  /** Refuses a text that would be too long before it is made, and spends steps for it. */
  making(length: number): void {
    if (length > LIMITS.template.textCharacters) {
      throw new Error(`the template makes a text of ${length} characters`);
    }
    this.spend(length >> 5);
  }

  /** Refuses a list that would be too long before it is made, and spends steps for it. */
  listing(length: number): void {
    if (length > LIMITS.template.listItems) {
      throw new Error(`the template makes a list of ${length} items`);
    }
    this.spend(length >> 2);
  }

  write(text: string): void {
    this.out += text;
    if (this.out.length > LIMITS.template.outputCharacters) {
      throw new Error(
        `the template writes more than ${LIMITS.template.outputCharacters} characters`,
      );
    }
  }

  /** Returns the output of `body` instead of writing it. */
  capture(body: () => void): string {
    const before = this.out;
    this.out = "";
    body();
    const written = this.out;
    this.out = before;
    return written;
  }

  /** Runs a macro's body; deep recursion fails here, before the stack does. */
  called<T>(body: () => T): T {
    const { line } = this;
    this.calls += 1;
    if (this.calls > LIMITS.template.calls) throw new Error("the template's calls nest too deeply");
    const result = body();
    this.calls -= 1;
    this.line = line;
    return result;
  }
}
