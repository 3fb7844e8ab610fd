import { VireoError } from "../core/errors.ts";

export interface Quotas {
  /** Bytes on disk. */
  readonly quotaBytes: number;
  /** Bytes of one tenant's files, including those that other tenants share. */
  readonly tenantQuotaBytes: number;
}

/** Counts bytes on disk, and bytes per tenant. Shared content counts once on disk. */
export class Ledger {
  private readonly quotas: Quotas;
  private readonly tenants = new Map<string, number>();
  private diskBytes = 0;

  constructor(quotas: Quotas) {
    this.quotas = quotas;
  }

  get bytes(): number {
    return this.diskBytes;
  }

  bytesOf(tenant: string): number {
    return this.tenants.get(tenant) ?? 0;
  }

  /** Throws storage_full if there is no space for `bytes` more. */
  check(tenant: string, bytes: number): void {
    const { quotaBytes, tenantQuotaBytes } = this.quotas;
    const used = this.bytesOf(tenant);
    if (used + bytes > tenantQuotaBytes) {
      const metadata = { limit: tenantQuotaBytes, used };
      const message = `your files may have ${tenantQuotaBytes} bytes together; ${used} are used`;
      throw new VireoError("storage_full", `${message}. Delete some`, { metadata });
    }
    if (this.diskBytes + bytes > quotaBytes) throw full();
  }

  /** Throws as `check` does. */
  add(tenant: string, bytes: number): void {
    this.check(tenant, bytes);
    this.addTo(tenant, bytes);
    this.diskBytes += bytes;
  }

  /** Adds to a tenant's bytes without a check. */
  addTo(tenant: string, bytes: number): void {
    const sum = this.bytesOf(tenant) + bytes;
    if (sum > 0) this.tenants.set(tenant, sum);
    else this.tenants.delete(tenant);
  }

  addToDisk(bytes: number): void {
    this.diskBytes += bytes;
  }
}

/** The error for a full disk. It reveals nothing about other tenants. */
export function full(cause?: unknown): VireoError {
  const message = "there is no space for more files; try again when some have expired";
  return new VireoError("storage_full", message, { cause });
}
