import type { Hash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";

/** 1 MiB takes about 1 ms. */
const BYTES_PER_TURN = 1024 * 1024;

/**
 * Adds bytes to a hash, a mebibyte in each turn of the event loop: 60 MiB at once would block it
 * for 100 ms. Small ones are added at once.
 */
export async function hashInTurns(hash: Hash, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += BYTES_PER_TURN) {
    if (at > 0) await nextTurn();
    hash.update(bytes.subarray(at, at + BYTES_PER_TURN));
  }
}
