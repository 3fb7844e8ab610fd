import { VireoError } from "../../core/errors.ts";
import { isWithinShare } from "../../core/fair-share.ts";
import { LIMITS } from "../../core/limits.ts";
import type { MediaEmbedding } from "./media-embedding.ts";

/** Encodes media that no running sequence waits for yet. */
export interface Encoder {
  /**
   * Resolves when the embedding is done. Throws queue_full, the signal's reason, and the error with
   * which the engine stops.
   */
  encode(embedding: MediaEmbedding, tenant: string, signal: AbortSignal): Promise<void>;
  /** A frame was added to a video that is still being decoded: encode it until `endPartial`. */
  addPartial(embedding: MediaEmbedding, tenant: string): void;
  /** The video is decoded, or decoding has failed. */
  endPartial(embedding: MediaEmbedding): void;
}

/** An embedding to encode, and the tenant whose turn it takes. */
export interface PendingEmbedding {
  readonly tenant: string;
  readonly embedding: MediaEmbedding;
}

interface EncodeJob extends PendingEmbedding {
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Embeddings to encode although no sequence waits for them yet: partial ones, whose videos are
 * still being decoded, and jobs. The batcher decides whose turn it is.
 */
export class EncodeQueue implements Encoder {
  /** Called when there is something new to encode. */
  onWork: () => void = () => {};
  private jobs: EncodeJob[] = [];
  /** Partial embeddings and their tenants. */
  private readonly partial = new Map<MediaEmbedding, string>();

  /** Embeddings that have a tile to encode now. */
  get pending(): PendingEmbedding[] {
    const partial = [...this.partial].map(([embedding, tenant]) => ({ tenant, embedding }));
    return [...partial, ...this.jobs].filter(({ embedding }) => embedding.hasPendingTile);
  }

  /** There is a tile to encode or a job to settle. */
  get busy(): boolean {
    return this.jobs.length > 0 || this.pending.length > 0;
  }

  encode(embedding: MediaEmbedding, tenant: string, signal: AbortSignal): Promise<void> {
    const used = this.jobs.length + 1;
    const own = this.jobs.filter((job) => job.tenant === tenant).length;
    if (!isWithinShare(own + 1, used, LIMITS.inspection.waiting)) {
      const text = `${own} of your videos are waiting to be inspected; try again in a moment`;
      return Promise.reject(new VireoError("queue_full", text, { retryAfterMs: 2000 }));
    }
    const done = new Promise<void>((resolve, reject) => {
      this.jobs.push({ tenant, embedding, signal, resolve, reject });
    });
    this.onWork();
    return done;
  }

  addPartial(embedding: MediaEmbedding, tenant: string): void {
    this.partial.set(embedding, tenant);
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
