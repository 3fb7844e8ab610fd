import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { VireoError } from "../core/errors.ts";
import { followFile, writeKeyFile } from "./key-file.ts";

/**
 * Tenants' own keys for providers, encrypted at rest with AES-256-GCM under a master key. Tenant,
 * provider and the provider's address are authenticated with each key, so that nobody who can
 * write the file can move a key to another tenant or send it to another host.
 */

/** The tenant, provider and address that a stored key belongs to. */
export interface ProviderKeyOwner {
  readonly tenant: string;
  readonly provider: string;
  /** Scheme, host and port of the provider, such as "https://api.example.com". */
  readonly origin: string;
}

interface StoredKey extends ProviderKeyOwner {
  readonly createdUnix: number;
  /** Initialisation vector, ciphertext and tag, in base64. */
  readonly sealed: string;
}

/** Finds the keys of tenants. */
export interface ProviderKeyRing {
  has(owner: ProviderKeyOwner): boolean;
  /** Undefined if the tenant has none, or if it cannot be decrypted. */
  find(owner: ProviderKeyOwner): string | undefined;
}

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const MAX_KEY_CHARACTERS = 4096;

/** Reads 32 bytes in base64 or hexadecimal digits. Throws invalid_option. */
export function readMasterKey(text: string | undefined, variable: string): Buffer {
  const trimmed = text?.trim() ?? "";
  const isHex = /^[0-9a-f]{64}$/i.test(trimmed);
  const key = Buffer.from(trimmed, isHex ? "hex" : "base64");
  if (key.length === KEY_BYTES) return key;
  const hint = "openssl rand -base64 32 prints such a key";
  const message = `${variable} must hold ${KEY_BYTES} random bytes in base64; ${hint}`;
  throw new VireoError("invalid_option", message, { param: variable });
}

/** Adds or replaces a tenant's key. Throws invalid_option for an empty or too long key. */
export function addProviderKey(
  path: string,
  owner: ProviderKeyOwner,
  key: string,
  masterKey: Buffer,
  nowMs = Date.now(),
): void {
  const isPlain = /^[\x21-\x7e]+$/.test(key) && key.length <= MAX_KEY_CHARACTERS;
  if (!isPlain) {
    const message = "the key must be one line of printable characters without spaces";
    throw new VireoError("invalid_option", message);
  }
  const createdUnix = Math.floor(nowMs / 1000);
  const others = readOrEmpty(path).filter((one) => !isSame(one, owner));
  writeKeyFile(path, [...others, { ...owner, createdUnix, sealed: seal(key, owner, masterKey) }]);
}

/** Throws invalid_option if there is no such key. */
export function removeProviderKey(
  path: string,
  { tenant, provider }: Omit<ProviderKeyOwner, "origin">,
): void {
  const keys = readKeys(path);
  const kept = keys.filter((one) => one.tenant !== tenant || one.provider !== provider);
  if (kept.length === keys.length) {
    const message = `${tenant} has no key for ${provider} in ${path}`;
    throw new VireoError("invalid_option", message);
  }
  writeKeyFile(path, kept);
}

/** The stored keys, without the keys themselves. */
export function listProviderKeys(
  path: string,
): readonly (ProviderKeyOwner & { readonly createdUnix: number })[] {
  return readKeys(path).map(({ sealed: _, ...about }) => about);
}

/** Encrypts every key anew. Nothing is changed if one of them cannot be decrypted. */
export function rotateProviderKeys(path: string, oldKey: Buffer, newKey: Buffer): number {
  const keys = readKeys(path).map((one): StoredKey => {
    const key = unseal(one, oldKey);
    if (key === undefined) {
      const message = `the key of ${one.tenant} for ${one.provider} is not of this master key`;
      throw new VireoError("invalid_option", message);
    }
    return { ...one, sealed: seal(key, one, newKey) };
  });
  writeKeyFile(path, keys);
  return keys.length;
}

/**
 * Opens the file that `vireo byok` writes. A changed file is read again, at most once a second;
 * while it is damaged, the last valid state applies.
 *
 * Throws invalid_option if it is damaged at first. A missing file has no keys.
 */
export function openProviderKeys(
  path: string,
  masterKey: Buffer,
  clock?: () => number,
): ProviderKeyRing {
  const current = followFile(path, () => readOrEmpty(path), clock);
  const find = (owner: ProviderKeyOwner): StoredKey | undefined => {
    return current().find((one) => isSame(one, owner));
  };
  return {
    has: (owner) => find(owner)?.origin === owner.origin,
    find(owner) {
      const stored = find(owner);
      return stored?.origin === owner.origin ? unseal(stored, masterKey) : undefined;
    },
  };
}

function isSame(one: ProviderKeyOwner, { tenant, provider }: ProviderKeyOwner): boolean {
  return one.tenant === tenant && one.provider === provider;
}

function boundTo({ tenant, provider, origin }: ProviderKeyOwner): Buffer {
  return Buffer.from(JSON.stringify(["vireo provider key", tenant, provider, origin]));
}

function seal(key: string, owner: ProviderKeyOwner, masterKey: Buffer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, masterKey, iv).setAAD(boundTo(owner));
  const sealed = Buffer.concat([cipher.update(key, "utf8"), cipher.final()]);
  return Buffer.concat([iv, sealed, cipher.getAuthTag()]).toString("base64");
}

/** Undefined if it was sealed under another master key or for another owner. */
function unseal(stored: StoredKey, masterKey: Buffer): string | undefined {
  const bytes = Buffer.from(stored.sealed, "base64");
  if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
  const tag = bytes.subarray(-TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, masterKey, bytes.subarray(0, IV_BYTES))
    .setAAD(boundTo(stored))
    .setAuthTag(tag);
  try {
    const sealed = bytes.subarray(IV_BYTES, -TAG_BYTES);
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}

function readOrEmpty(path: string): StoredKey[] {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? [] : readKeys(path);
}

function readKeys(path: string): StoredKey[] {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "it is not JSON";
    throw new VireoError("invalid_option", `cannot read the keys in ${path}: ${code}`, { cause });
  }
  const list = (json as { readonly keys?: unknown } | null)?.keys;
  if (Array.isArray(list) && list.every(isStoredKey)) return list;
  throw new VireoError("invalid_option", `the file ${path} is not as vireo byok writes it`);
}

function isStoredKey(value: unknown): value is StoredKey {
  if (typeof value !== "object" || value === null) return false;
  const { tenant, provider, origin, sealed, createdUnix } = value as Record<string, unknown>;
  const texts = [tenant, provider, origin, sealed];
  return texts.every((text) => typeof text === "string") && typeof createdUnix === "number";
}
