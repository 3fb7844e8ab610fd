import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { Visual } from "./visual.ts";

interface Wish {
  readonly visual: Visual;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Visuals that are to be encoded though no question waits for them, in the order they came. */
export class EncodeQueue {
  private wishes: Wish[] = [];

  get size(): number {
    return this.wishes.length;
  }

  get first(): Visual | undefined {
    return this.wishes[0]?.visual;
  }

  /**
   * Resolves when the visual is done, whoever has encoded it, and throws the signal's reason; both
   * when `settle` is called. Throws queue_full.
   */
  add(visual: Visual, signal: AbortSignal): Promise<void> {
    if (this.size >= LIMITS.looksWaiting) {
      const text = `${this.size} videos wait to be looked at already; try again in a moment`;
      throw new VireoError("queue_full", text, { retryAfterMs: 2000 });
    }
    return new Promise((resolve, reject) => this.wishes.push({ visual, signal, resolve, reject }));
  }

  /** Lets those go that are done or not wanted any more. */
  settle(): void {
    this.wishes = this.wishes.filter(({ visual, signal, resolve, reject }) => {
      if (signal.aborted) reject(signal.reason);
      else if (visual.done) resolve();
      else return true;
      return false;
    });
  }

  fail(error: VireoError): void {
    for (const { reject } of this.wishes.splice(0)) reject(error);
  }
}
