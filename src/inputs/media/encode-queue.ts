import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { MediaEmbedding } from "./media-embedding.ts";

/** Encodes media that no running sequence waits for yet. */
export interface Encoder {
  /**
   * Resolves when the embedding is done. Throws queue_full, the signal's reason, and the error with
   * which the engine stops.
   */
  encode(embedding: MediaEmbedding, signal: AbortSignal): Promise<void>;
  /** A frame was added to a video that is still being decoded: encode it until `endPartial`. */
  addPartial(embedding: MediaEmbedding): void;
  /** The video is decoded, or decoding has failed. */
  endPartial(embedding: MediaEmbedding): void;
}

interface EncodeJob {
  readonly embedding: MediaEmbedding;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Embeddings to encode although no sequence waits for them yet: partial ones, whose videos are
 * still being decoded, and jobs, first come, first served. Partial ones go first.
 */
export class EncodeQueue implements Encoder {
  /** Called when there is something new to encode. */
  onWork: () => void = () => {};
  private jobs: EncodeJob[] = [];
  private readonly partial = new Set<MediaEmbedding>();

  /** The embedding whose next tile is to be encoded. */
  get first(): MediaEmbedding | undefined {
    for (const embedding of this.partial) if (embedding.hasPendingTile) return embedding;
    return this.jobs[0]?.embedding;
  }

  /** There is a tile to encode or a job to settle. */
  get busy(): boolean {
    return this.jobs.length > 0 || this.first !== undefined;
  }

  encode(embedding: MediaEmbedding, signal: AbortSignal): Promise<void> {
    const { length } = this.jobs;
    if (length >= LIMITS.inspection.waiting) {
      const text = `${length} videos are waiting to be inspected; try again in a moment`;
      return Promise.reject(new VireoError("queue_full", text, { retryAfterMs: 2000 }));
    }
    const done = new Promise<void>((resolve, reject) => {
      this.jobs.push({ embedding, signal, resolve, reject });
    });
    this.onWork();
    return done;
  }

  addPartial(embedding: MediaEmbedding): void {
    this.partial.add(embedding);
    this.onWork();
  }

  endPartial(embedding: MediaEmbedding): void {
    this.partial.delete(embedding);
  }

  /** Settles the jobs that are done or aborted. */
  settle(): void {
    this.jobs = this.jobs.filter(({ embedding, signal, resolve, reject }) => {
      if (signal.aborted) reject(signal.reason);
      else if (embedding.done) resolve();
      else return true;
      return false;
    });
  }

  /** Rejects all jobs and drops the partial embeddings. */
  fail(error: VireoError): void {
    this.partial.clear();
    for (const { reject } of this.jobs.splice(0)) reject(error);
  }
}
