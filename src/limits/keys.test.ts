import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addKey, openKeyFile, readKeyFile, removeKey, singleKey } from "./keys.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vireo-keys-"));
  file = join(folder, "keys.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

const wrong = (pattern: RegExp) =>
  expect.objectContaining({ code: "invalid_option", message: expect.stringMatching(pattern) });

describe("a key file", () => {
  test("stores only hashes, readable only by the owner", () => {
    const key = addKey(file, { name: "ann", limits: { requestsPerMinute: 5 } });
    expect(key).toMatch(/^vk-[0-9A-Za-z]{32}$/);
    const [record] = readKeyFile(file);
    expect(JSON.stringify(record)).not.toContain(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const ring = openKeyFile(file);
    expect(ring.find(key)).toEqual(record);
    expect(ring.find(`${key}x`)).toBeUndefined();
    expect(ring.limitsOf("ann")).toEqual({ requestsPerMinute: 5 });
    expect(ring.limitsOf("bob")).toEqual({});
    const operator = addKey(file, { name: "ops", limits: {}, operator: true });
    expect(openKeyFile(file).find(operator)?.operator).toBe(true);
  });

  test("a changed file is read again: new keys work, revoked ones do not", () => {
    const clock = { ms: 0 };
    const ann = addKey(file, { name: "ann", limits: {} });
    const ring = openKeyFile(file, () => clock.ms);
    const bob = addKey(file, { name: "bob", limits: {} });
    removeKey(file, "ann");
    expect(ring.find(ann)).toBeDefined();
    clock.ms = 1000;
    expect(ring.find(ann)).toBeUndefined();
    expect(ring.find(bob)?.name).toBe("bob");
    writeFileSync(file, "{ half");
    clock.ms = 2000;
    expect(ring.find(bob)?.name).toBe("bob");
  });

  test("expires", () => {
    const clock = { ms: 0 };
    const key = addKey(file, { name: "ann", limits: {}, expiresUnix: 10 });
    const ring = openKeyFile(file, () => clock.ms);
    expect(ring.find(key)).toBeDefined();
    clock.ms = 10_000;
    expect(ring.find(key)).toBeUndefined();
  });

  test("is checked", () => {
    expect(() => readKeyFile(file)).toThrow(wrong(/is missing; vireo keys add/));
    for (const text of ["", "[]", '{"keys":[{}]}', '{"keys":[{"name":"a","sha256":"x"}]}']) {
      writeFileSync(file, text);
      expect(() => readKeyFile(file), text).toThrow(wrong(/is not JSON|is not as/));
    }
    rmSync(file);
    addKey(file, { name: "ann", limits: {} });
    expect(() => addKey(file, { name: "ann", limits: {} })).toThrow(wrong(/already/));
    expect(() => addKey(file, { name: "a b\n", limits: {} })).toThrow(wrong(/is no name/));
    expect(() => removeKey(file, "bob")).toThrow(wrong(/no key named bob/));
  });
});

test("one key for everybody", () => {
  const ring = singleKey("sk-1");
  expect(ring.find("sk-1")).toMatchObject({ name: "default", operator: true });
  expect(ring.find("sk-2")).toBeUndefined();
});
