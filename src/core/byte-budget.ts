import { addCount } from "./counts.ts";
import { VireoError } from "./errors.ts";

/** The booked bytes of one buffer, or of all buffers of one request. */
export interface Booking {
  readonly bytes: number;
  /** Books more bytes. Throws server_busy; the earlier booking stays. */
  grow(bytes: number): void;
  /** Returns some of the bytes. */
  shrink(bytes: number): void;
  /** Returns all bytes; later calls do nothing. */
  release(): void;
}

export interface ByteBudgetOptions {
  readonly maxBytes: number;
  /** Share of one tenant, so that others always have room. */
  readonly maxTenantBytes: number;
  /** The subject of the budget in the plural, for errors: "request bodies". */
  readonly contents: string;
}

const RETRY_AFTER_MS = 2000;

/**
 * Bounds the memory of all requests together, per tenant and in total. A limit per request is not
 * enough, because a client may send many requests.
 */
export class ByteBudget {
  private readonly options: ByteBudgetOptions;
  private readonly tenants = new Map<string, number>();
  private total = 0;

  constructor(options: ByteBudgetOptions) {
    this.options = options;
  }

  /** Bytes booked now. */
  get bytes(): number {
    return this.total;
  }

  bytesOf(tenant: string): number {
    return this.tenants.get(tenant) ?? 0;
  }

  /** Throws server_busy, with a time after which to retry, if the bytes do not fit. */
  take(tenant: string, bytes: number): Booking {
    this.add(tenant, bytes);
    let held = bytes;
    return {
      get bytes() {
        return held;
      },
      grow: (more) => {
        this.add(tenant, more);
        held += more;
      },
      shrink: (fewer) => {
        this.count(tenant, -fewer);
        held -= fewer;
      },
      release: () => {
        this.count(tenant, -held);
        held = 0;
      },
    };
  }

  private add(tenant: string, bytes: number): void {
    const { maxBytes, maxTenantBytes, contents } = this.options;
    const isOwn = this.bytesOf(tenant) + bytes > maxTenantBytes;
    if (isOwn || this.total + bytes > maxBytes) {
      const whose = isOwn ? "of this key" : "of all clients";
      const limit = isOwn ? maxTenantBytes : maxBytes;
      const message = `${contents} ${whose} may hold ${limit} bytes; try again in 2 s`;
      const details = { retryAfterMs: RETRY_AFTER_MS, metadata: { limit } };
      throw new VireoError("server_busy", message, details);
    }
    this.count(tenant, bytes);
  }

  private count(tenant: string, bytes: number): void {
    addCount(this.tenants, tenant, bytes);
    this.total += bytes;
  }
}
