import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { MediaEmbedding } from "./media-embedding.ts";

interface EncodeJob {
  readonly visual: MediaEmbedding;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Visuals that are to be encoded though no sequence waits for them yet: looks, in the order they
 * came, and drafts, which are videos that are still being decoded.
 */
export class EncodeQueue {
  private jobs: EncodeJob[] = [];
  private readonly growing = new Set<MediaEmbedding>();

  /** The visual whose next tile is to be encoded; questions that will come go before looks. */
  get first(): MediaEmbedding | undefined {
    for (const draft of this.growing) if (draft.hasPendingTile) return draft;
    return this.jobs[0]?.visual;
  }

  /** There is something to encode, or somebody to be told. */
  get busy(): boolean {
    return this.jobs.length > 0 || this.first !== undefined;
  }

  /**
   * Resolves when the visual is done, whoever has encoded it, and throws the signal's reason; both
   * when `settle` is called. Throws queue_full.
   */
  add(visual: MediaEmbedding, signal: AbortSignal): Promise<void> {
    const { length } = this.jobs;
    if (length >= LIMITS.looksWaiting) {
      const text = `${length} videos wait to be looked at already; try again in a moment`;
      throw new VireoError("queue_full", text, { retryAfterMs: 2000 });
    }
    return new Promise((resolve, reject) => this.jobs.push({ visual, signal, resolve, reject }));
  }

  /** Until `endDraft`, whatever becomes of it. */
  addGrowing(draft: MediaEmbedding): void {
    this.growing.add(draft);
  }

  endGrowing(draft: MediaEmbedding): void {
    this.growing.delete(draft);
  }

  /** Lets those go that are done or not wanted any more. */
  releaseFinished(): void {
    this.jobs = this.jobs.filter(({ visual, signal, resolve, reject }) => {
      if (signal.aborted) reject(signal.reason);
      else if (visual.done) resolve();
      else return true;
      return false;
    });
  }

  fail(error: VireoError): void {
    this.growing.clear();
    for (const { reject } of this.jobs.splice(0)) reject(error);
  }
}
