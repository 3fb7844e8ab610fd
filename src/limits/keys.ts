import { createHash, randomInt } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { VireoError } from "../core/errors.ts";
import { followFile, writeKeyFile } from "./key-file.ts";
import type { TenantLimits } from "./tenants.ts";

/** A stored key: only its hash, so that readers of the file cannot use it. */
export interface KeyRecord {
  /** Its tenant: usage is recorded and prefixes are cached under this name. */
  readonly name: string;
  readonly sha256: string;
  readonly createdUnix: number;
  readonly expiresUnix?: number;
  readonly limits: TenantLimits;
  /** Nothing of its requests and answers is kept. */
  readonly zeroDataRetention?: boolean;
  /** It may read what concerns all tenants, such as metrics. Default: false. */
  readonly operator?: boolean;
}

const NAME = /^[\w.@-]{1,64}$/;
const LIMIT_NAMES = ["requestsPerMinute", "tokensPerMinute", "concurrentRequests"] as const;
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Finds the tenant of a key. */
export interface KeyRing {
  /** Undefined for a key that is unknown, revoked or expired. */
  find(key: string): KeyRecord | undefined;
  limitsOf(name: string): TenantLimits;
  /** Whether nothing of the requests of a tenant may be kept. Undefined: never. */
  readonly keepsNothingOf?: (name: string) => boolean;
}

export function hashKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** One key without limits. */
export function singleKey(key: string): KeyRing {
  const about = { name: "default", createdUnix: 0, limits: {}, operator: true };
  const record = { ...about, sha256: hashKey(key) };
  return ringOf([record], () => 0);
}

function ringOf(records: readonly KeyRecord[], nowMs: () => number): KeyRing {
  const byHash = new Map(records.map((record) => [record.sha256, record]));
  const byName = new Map(records.map((record) => [record.name, record]));
  return {
    find(key) {
      const record = byHash.get(hashKey(key)); // comparing hashes leaks nothing through timing
      const expired = (record?.expiresUnix ?? Number.POSITIVE_INFINITY) * 1000 <= nowMs();
      return expired ? undefined : record;
    },
    limitsOf: (name) => byName.get(name)?.limits ?? {},
    keepsNothingOf: (name) => byName.get(name)?.zeroDataRetention === true,
  };
}

/**
 * Opens the key file that `vireo keys` writes. A changed file is read again, at most once a second;
 * while it is damaged, the last valid state applies.
 *
 * Throws invalid_option if it cannot be read at first.
 */
export function openKeyFile(path: string, clock?: () => number): KeyRing {
  const nowMs = clock ?? Date.now;
  const current = followFile(path, () => ringOf(readKeyFile(path), nowMs), clock);
  return {
    find: (key) => current().find(key),
    limitsOf: (name) => current().limitsOf(name),
    keepsNothingOf: (name) => current().keepsNothingOf?.(name) === true,
  };
}

/** Throws invalid_option for a file that is missing or has another format. */
export function readKeyFile(path: string): KeyRecord[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason =
      code === "ENOENT"
        ? `is missing; vireo keys add NAME --file ${path} makes one`
        : cause instanceof SyntaxError
          ? "is not JSON, so it is damaged; restore it, or move it away and add the keys again"
          : `cannot be read (${code ?? "no reason"})`;
    throw new VireoError("invalid_option", `the key file ${path} ${reason}`, { cause });
  }
  const list = (json as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(list) || !list.every(isRecord)) {
    throw new VireoError("invalid_option", `the key file ${path} is not as vireo keys writes it`);
  }
  return list;
}

function isRecord(value: unknown): value is KeyRecord {
  if (typeof value !== "object" || value === null) return false;
  const { name, sha256, createdUnix, expiresUnix, limits, zeroDataRetention, operator } =
    value as Record<string, unknown>;
  if (typeof limits !== "object" || limits === null) return false;
  const amounts = LIMIT_NAMES.map((limit) => (limits as Record<string, unknown>)[limit]);
  return (
    typeof name === "string" &&
    NAME.test(name) &&
    typeof sha256 === "string" &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    typeof createdUnix === "number" &&
    (expiresUnix === undefined || typeof expiresUnix === "number") &&
    (zeroDataRetention === undefined || typeof zeroDataRetention === "boolean") &&
    (operator === undefined || typeof operator === "boolean") &&
    amounts.every(
      (amount) => amount === undefined || (Number.isInteger(amount) && Number(amount) > 0),
    )
  );
}

export interface NewKey {
  readonly name: string;
  readonly expiresUnix?: number;
  readonly limits: TenantLimits;
  readonly zeroDataRetention?: boolean;
  readonly operator?: boolean;
}

/** A random key of 190 bits. */
export function generateKey(): string {
  const letters = Array.from({ length: 32 }, () => BASE62[randomInt(BASE62.length)]);
  return `vk-${letters.join("")}`;
}

/** Adds a key to the file and returns it. The key cannot be read again later. */
export function addKey(path: string, { name, ...rest }: NewKey, nowMs = Date.now()): string {
  if (!NAME.test(name)) {
    const message = `${JSON.stringify(name)} is no name; use up to 64 letters, digits and _.@-`;
    throw new VireoError("invalid_option", message, { param: "name" });
  }
  const records = statSync(path, { throwIfNoEntry: false }) ? readKeyFile(path) : [];
  if (records.some((record) => record.name === name)) {
    const message = `there is a key named ${name} already; remove it first`;
    throw new VireoError("invalid_option", message, { param: "name" });
  }
  const key = generateKey();
  const createdUnix = Math.floor(nowMs / 1000);
  writeKeyFile(path, [...records, { name, sha256: hashKey(key), createdUnix, ...rest }]);
  return key;
}

/** Throws invalid_option if there is no such key. */
export function removeKey(path: string, name: string): void {
  const records = readKeyFile(path);
  const kept = records.filter((record) => record.name !== name);
  if (kept.length === records.length) {
    throw new VireoError("invalid_option", `there is no key named ${name} in ${path}`);
  }
  writeKeyFile(path, kept);
}
