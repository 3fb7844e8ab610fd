import { createHash } from "node:crypto";
import { hashInTurns } from "../threads/hash-in-turns.ts";

/** The request that media are opened for: decides their turn and what they may share. */
export interface MediaOwner {
  readonly tenant: string;
  /** Identifies the request: its media take turns with those of the tenant's other requests. */
  readonly request: object;
  /** Owner of cached results: the tenant, or the same text for all if they share media. */
  readonly cacheOwner: string;
  /** No result is kept for later requests. */
  readonly keepsNothing?: boolean;
}

/**
 * SHA-256 of files and of the owner of their cached results, in hexadecimal digits.
 *
 * Caches are keyed with it, so that a tenant can neither find out by timing which files others have
 * sent nor find an entry that is not its own.
 */
export async function hashMedia(
  { cacheOwner }: MediaOwner,
  files: readonly Uint8Array[],
): Promise<string> {
  const hash = createHash("sha256").update(`${cacheOwner.length} ${cacheOwner} `);
  for (const file of files) await hashInTurns(hash.update(`${file.length} `), file);
  return hash.digest("hex");
}
