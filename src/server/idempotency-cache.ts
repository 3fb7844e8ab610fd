import { createHash } from "node:crypto";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { hashInTurns } from "../threads/hash-in-turns.ts";

/** A complete answer. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array<ArrayBuffer>;
}

interface Entry {
  readonly fingerprint: string;
  readonly begunMs: number;
  /** Undefined while the request is running. */
  answer: StoredAnswer | undefined;
}

/** A running request that holds an idempotency key. */
export interface PendingReply {
  /** Stores the answer for retries. */
  keep(answer: StoredAnswer): void;
  /** Frees the key without an answer. Has no effect after `keep`. */
  release(): void;
}

const KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * Stores answers by Idempotency-Key, so that a retried request is not computed again. The oldest
 * answers are evicted when there are too many or too large ones.
 */
export class IdempotencyCache {
  private readonly entries = new Map<string, Entry>();
  private readonly nowMs: () => number;
  private bytes = 0;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /**
   * Returns the stored answer, or a claim to compute it.
   *
   * fingerprint: of the request, see `fingerprintOf`.
   * Throws idempotency_conflict for a key that was used with another request, and
   * idempotency_in_progress while the same request is running.
   */
  open(tenant: string, key: string, fingerprint: string): PendingReply | StoredAnswer {
    const place = `${tenant.length} ${tenant} ${key}`;
    this.forgetOld();
    const known = this.entries.get(place);
    if (known === undefined) return this.claim(place, fingerprint);
    if (known.fingerprint !== fingerprint) {
      const message = "this Idempotency-Key was used for another request; choose a new one";
      throw new VireoError("idempotency_conflict", message);
    }
    if (known.answer === undefined) {
      const message = "the request with this Idempotency-Key is still being answered";
      throw new VireoError("idempotency_in_progress", message, { retryAfterMs: 1000 });
    }
    this.entries.delete(place); // The most recently used entries are at the end.
    this.entries.set(place, known);
    return known.answer;
  }

  private claim(place: string, fingerprint: string): PendingReply {
    const entry: Entry = { fingerprint, begunMs: this.nowMs(), answer: undefined };
    this.entries.set(place, entry);
    return {
      keep: (answer) => {
        if (this.entries.get(place) !== entry) return;
        entry.answer = answer;
        this.bytes += answer.body.length;
        this.forgetOld();
      },
      release: () => {
        if (entry.answer === undefined && this.entries.get(place) === entry) {
          this.entries.delete(place);
        }
      },
    };
  }

  /** Evicts old answers. Running requests stay: the queue bounds them. */
  private forgetOld(): void {
    const oldest = this.nowMs() - KEPT_MS;
    for (const [place, { answer, begunMs }] of this.entries) {
      const tooMany = this.entries.size > LIMITS.replay.entries || this.bytes > LIMITS.replay.bytes;
      if (!tooMany && begunMs > oldest) continue;
      if (answer === undefined) continue;
      this.entries.delete(place);
      this.bytes -= answer.body.length;
    }
  }
}

/**
 * Hashes everything that identifies a request except its tenant and key, each part with its length,
 * so that boundaries count.
 */
export async function fingerprintOf(parts: readonly (string | Uint8Array)[]): Promise<string> {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    await hashInTurns(hash.update(`${bytes.length}:`), bytes);
  }
  return hash.digest("base64");
}
