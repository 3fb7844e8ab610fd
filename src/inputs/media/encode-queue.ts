import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Visual } from "./media-embedding.ts";

interface Wish {
  readonly visual: Visual;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Visuals that are to be encoded though no sequence waits for them yet: looks, in the order they
 * came, and drafts, which are videos that are still being decoded.
 */
export class EncodeQueue {
  private wishes: Wish[] = [];
  private readonly drafts = new Set<Visual>();

  /** The visual whose next tile is to be encoded; questions that will come go before looks. */
  get first(): Visual | undefined {
    for (const draft of this.drafts) if (draft.waits) return draft;
    return this.wishes[0]?.visual;
  }

  /** There is something to encode, or somebody to be told. */
  get busy(): boolean {
    return this.wishes.length > 0 || this.first !== undefined;
  }

  /**
   * Resolves when the visual is done, whoever has encoded it, and throws the signal's reason; both
   * when `settle` is called. Throws queue_full.
   */
  add(visual: Visual, signal: AbortSignal): Promise<void> {
    const { length } = this.wishes;
    if (length >= LIMITS.looksWaiting) {
      const text = `${length} videos wait to be looked at already; try again in a moment`;
      throw new VireoError("queue_full", text, { retryAfterMs: 2000 });
    }
    return new Promise((resolve, reject) => this.wishes.push({ visual, signal, resolve, reject }));
  }

  /** Until `endDraft`, whatever becomes of it. */
  addDraft(draft: Visual): void {
    this.drafts.add(draft);
  }

  endDraft(draft: Visual): void {
    this.drafts.delete(draft);
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
    this.drafts.clear();
    for (const { reject } of this.wishes.splice(0)) reject(error);
  }
}
