import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  addProviderKey,
  listProviderKeys,
  openProviderKeys,
  readMasterKey,
  removeProviderKey,
  rotateProviderKeys,
} from "./provider-keys.ts";

const master = randomBytes(32);
const ANN = { tenant: "ann", provider: "far", origin: "https://far.example" };
const BEN = { ...ANN, tenant: "ben" };
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vireo-byok-"));
  path = join(folder, "byok.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

function tamper(change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, "utf8")));
}

test("a key is found for its tenant, provider and host, and nowhere in the file", () => {
  addProviderKey(path, ANN, "sk-secret-1", master);
  const ring = openProviderKeys(path, master);
  expect([ring.has(ANN), ring.find(ANN)]).toEqual([true, "sk-secret-1"]);
  expect(ring.find(BEN)).toBeUndefined();
  expect(ring.find({ ...ANN, provider: "near" })).toBeUndefined();
  expect(ring.find({ ...ANN, origin: "https://evil.example" })).toBeUndefined();
  const text = readFileSync(path, "utf8");
  expect(text).not.toContain("secret");
  expect(text).not.toContain(Buffer.from("sk-secret-1").toString("base64"));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(JSON.stringify(listProviderKeys(path))).not.toContain("sealed");
});

test.each<[string, (text: string) => string]>([
  ["another tenant", (text) => text.replace('"ann"', '"ben"')],
  ["another provider", (text) => text.replace('"far"', '"near"')],
  ["another host", (text) => text.replace("far.example", "evil.example")],
])("a key that was moved to %s cannot be decrypted", (_, change) => {
  addProviderKey(path, ANN, "sk-secret-1", master);
  tamper(change);
  const [moved] = listProviderKeys(path);
  expect(openProviderKeys(path, master).find(moved!)).toBeUndefined();
});

test("equal keys look different, and another master key opens none", () => {
  addProviderKey(path, ANN, "same", master);
  addProviderKey(path, BEN, "same", master);
  const sealed = [...readFileSync(path, "utf8").matchAll(/"sealed": "(.*)"/g)].map(
    ([, one]) => one,
  );
  expect(new Set(sealed).size).toBe(2);
  expect(openProviderKeys(path, randomBytes(32)).find(ANN)).toBeUndefined();
});

test("rotation encrypts all keys anew, or none", () => {
  addProviderKey(path, ANN, "one", master);
  addProviderKey(path, BEN, "two", master);
  const next = randomBytes(32);
  const before = readFileSync(path, "utf8");
  expect(() => rotateProviderKeys(path, randomBytes(32), next)).toThrow(/not of this master key/);
  expect(readFileSync(path, "utf8")).toBe(before);
  expect(rotateProviderKeys(path, master, next)).toBe(2);
  expect(openProviderKeys(path, next).find(BEN)).toBe("two");
  expect(openProviderKeys(path, master).find(BEN)).toBeUndefined();
});

test("changes of the file are noticed within a second, and damage is waited out", () => {
  const clock = { ms: 0 };
  const ring = openProviderKeys(path, master, () => clock.ms);
  addProviderKey(path, ANN, "one", master);
  expect(ring.has(ANN)).toBe(false);
  clock.ms = 1000;
  expect(ring.find(ANN)).toBe("one");
  tamper(() => "{");
  clock.ms = 2000;
  expect(ring.find(ANN)).toBe("one");
  expect(() => openProviderKeys(path, master)).toThrow(/not JSON/);
  addProviderKeyAfterRepair();
  clock.ms = 3000;
  expect(ring.find(ANN)).toBeUndefined();
});

function addProviderKeyAfterRepair(): void {
  tamper(() => '{"keys":[]}');
  addProviderKey(path, BEN, "two", master);
  expect(() => removeProviderKey(path, ANN)).toThrow(/ann has no key for far/);
}

test.each([
  undefined,
  "",
  "short",
  "x".repeat(44),
  randomBytes(31).toString("base64"),
])("%s is no master key", (text) => {
  expect(() => readMasterKey(text, "VIREO_MASTER_KEY")).toThrow(/32 random bytes/);
});

test("a master key is read in base64 and in hexadecimal digits", () => {
  expect(readMasterKey(master.toString("base64"), "v")).toEqual(master);
  expect(readMasterKey(`${master.toString("hex")}\n`, "v")).toEqual(master);
});

test.each(["", "two\nlines", "sp ace", "ü", "x".repeat(5000)])("%j is no key", (key) => {
  expect(() => addProviderKey(path, ANN, key, master)).toThrow(/one line/);
});
