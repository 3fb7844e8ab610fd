import { addCount } from "../core/counts.ts";
import { VireoError } from "../core/errors.ts";

export interface Quotas {
  /** Bytes on disk. */
  readonly quotaBytes: number;
  /** Bytes of one tenant's files, including those that other tenants share. */
  readonly tenantQuotaBytes: number;
}

/** Bytes of a tenant that only one file or upload may use, before they are there. */
export interface Reservation {
  /** Counts bytes: first those that are reserved, then further ones. Throws as `check` does. */
  add(bytes: number): void;
  /** Takes bytes back that were added; they are reserved again. */
  remove(bytes: number): void;
  /** Frees what is still reserved. What was added stays counted. */
  release(): void;
}

/**
 * Counts bytes on disk, and bytes per tenant. Shared content counts once on disk.
 *
 * Declared sizes are reserved before the bytes arrive. So of several uploads at once those are
 * accepted that fit together, and the others are refused before they have sent anything.
 */
export class Ledger {
  private readonly quotas: Quotas;
  private readonly tenants = new Map<string, number>();
  private readonly reserved = new Map<string, number>();
  private diskBytes = 0;
  private reservedBytes = 0;

  constructor(quotas: Quotas) {
    this.quotas = quotas;
  }

  get bytes(): number {
    return this.diskBytes;
  }

  bytesOf(tenant: string): number {
    return this.tenants.get(tenant) ?? 0;
  }

  /** Throws storage_full if there is no space for `bytes` more beside what is reserved. */
  check(tenant: string, bytes: number): void {
    const { quotaBytes, tenantQuotaBytes } = this.quotas;
    const used = this.bytesOf(tenant);
    const reserved = this.reserved.get(tenant) ?? 0;
    if (used + reserved + bytes > tenantQuotaBytes) {
      const coming = reserved > 0 ? ` and ${reserved} are reserved by uploads` : "";
      const message = `your files may have ${tenantQuotaBytes} bytes together; ${used} are used`;
      const metadata = { limit: tenantQuotaBytes, used, reserved };
      throw new VireoError("storage_full", `${message}${coming}. Delete some`, { metadata });
    }
    if (this.diskBytes + this.reservedBytes + bytes > quotaBytes) throw full();
  }

  /** Reserves bytes until they are added or released. Throws as `check` does. */
  reserve(tenant: string, bytes: number): Reservation {
    this.check(tenant, bytes);
    return this.resume(tenant, bytes, 0);
  }

  /** A reservation of an earlier process, of which `added` bytes are counted. Checks nothing. */
  resume(tenant: string, bytes: number, added: number): Reservation {
    let [declared, sum, rest] = [bytes, added, 0];
    const update = (): void => {
      const next = Math.max(0, declared - sum);
      this.addReserved(tenant, next - rest);
      rest = next;
    };
    update();
    return {
      add: (more) => {
        const beyond = more - Math.min(rest, more);
        if (beyond > 0) this.check(tenant, beyond);
        sum += more;
        update();
        this.addTo(tenant, more);
        this.diskBytes += more;
      },
      remove: (fewer) => {
        this.addTo(tenant, -fewer);
        this.diskBytes -= fewer;
        sum -= fewer;
        update();
      },
      release: () => {
        declared = 0;
        update();
      },
    };
  }

  /** Adds to a tenant's bytes without a check. */
  addTo(tenant: string, bytes: number): void {
    addCount(this.tenants, tenant, bytes);
  }

  addToDisk(bytes: number): void {
    this.diskBytes += bytes;
  }

  private addReserved(tenant: string, bytes: number): void {
    addCount(this.reserved, tenant, bytes);
    this.reservedBytes += bytes;
  }
}

/** The error for a full disk. It reveals nothing about other tenants. */
export function full(cause?: unknown): VireoError {
  const message = "there is no space for more files; try again when some have expired";
  return new VireoError("storage_full", message, { cause });
}
