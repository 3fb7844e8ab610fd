// Checksums of packed weights. A packed file ends with the CRC-32 of each block of the bytes before
// it, so that a flipped bit is found before its answers are trusted, and its place is known.

import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32 } from "node:zlib";

const BLOCK_BYTES = 4 * 1024 * 1024;
const CHECKSUM_BYTES = 4;
const ALIGNMENT = 64;

/** A part of a packed file that is not as it was written. */
export interface Damage {
  /** First byte, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

export interface VerifyOptions {
  /** Limits how fast the file is read, so that requests do not wait for the disk. */
  readonly bytesPerSecond?: number;
  readonly signal?: AbortSignal;
}

/** Space for the checksums of so many bytes. */
export function checksumBytes(dataBytes: number): number {
  const bytes = blocksOf(dataBytes) * CHECKSUM_BYTES;
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Computes the checksums. read: copies bytes from an offset. */
export async function checksumsOf(
  dataBytes: number,
  read: (offset: number, into: Uint8Array) => void,
): Promise<Uint8Array> {
  const sums = new Uint8Array(checksumBytes(dataBytes));
  const view = new DataView(sums.buffer);
  const block = new Uint8Array(BLOCK_BYTES);
  for (let index = 0; index < blocksOf(dataBytes); index++) {
    const { from, to } = blockAt(index, dataBytes);
    const part = block.subarray(0, to - from);
    read(from, part);
    view.setUint32(index * CHECKSUM_BYTES, crc32(part), true);
    await new Promise(setImmediate); // other work of this process goes on
  }
  return sums;
}

/**
 * Compares a packed file with its checksums; undefined if it is as it was written.
 *
 * dataBytes: bytes before the checksums. Throws the signal's reason, and errors of reading.
 */
export async function findDamage(
  path: string,
  dataBytes: number,
  { bytesPerSecond, signal }: VerifyOptions = {},
): Promise<Damage | undefined> {
  const file = await open(path, "r");
  try {
    const sums = await readAt(file, dataBytes, checksumBytes(dataBytes));
    const end = dataBytes + checksumBytes(dataBytes);
    if (dataBytes + sums.length < end) return { from: dataBytes, to: end };
    for (let index = 0; index < blocksOf(dataBytes); index++) {
      signal?.throwIfAborted();
      const { from, to } = blockAt(index, dataBytes);
      const block = await readAt(file, from, to - from);
      if (block.length < to - from) return { from, to };
      if (crc32(block) !== sums.readUInt32LE(index * CHECKSUM_BYTES)) return { from, to };
      if (bytesPerSecond !== undefined) {
        const pauseMs = ((to - from) / bytesPerSecond) * 1000;
        await sleep(pauseMs, undefined, { ref: false, ...(signal && { signal }) });
      }
    }
    return undefined;
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(buffer, filled, bytes - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function blocksOf(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES);
}

function blockAt(index: number, bytes: number): Damage {
  const from = index * BLOCK_BYTES;
  return { from, to: Math.min(from + BLOCK_BYTES, bytes) };
}
