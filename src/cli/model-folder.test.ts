import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { VireoError } from "../core/errors.ts";
import { folderToInspect, identityOf, modelFolder } from "./model-folder.ts";

const MODELS = new URL("../../models/", import.meta.url).pathname;
let home = "";

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "vireo-hub-"));
  for (const name of ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"]) vi.stubEnv(name, "");
  vi.stubEnv("HF_HOME", home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

function snapshot(hub: string, revision: string): string {
  const folder = join(hub, "models--acme--reader");
  const dir = join(folder, "snapshots", revision);
  mkdirSync(dir, { recursive: true });
  mkdirSync(join(folder, "refs"), { recursive: true });
  writeFileSync(join(folder, "refs", "main"), "b2\n");
  writeFileSync(join(dir, "config.json"), "{}");
  return dir;
}

test("a bundled model keeps its id for every path to it", () => {
  expect(modelFolder("mini")).toBe(join(MODELS, "mini"));
  expect(identityOf(modelFolder(join(MODELS, "mini")))).toEqual({ modelId: "vireo/mini" });
  expect(identityOf(home)).toEqual({});
});

test("owner/name is looked up in the hub's cache, the revision of main first", () => {
  snapshot(join(home, "hub"), "a1");
  const main = snapshot(join(home, "hub"), "b2");
  expect(modelFolder("acme/reader")).toBe(main);
  vi.stubEnv("HUGGINGFACE_HUB_CACHE", join(home, "other"));
  expect(() => modelFolder("acme/reader")).toThrow(VireoError);
  const other = snapshot(join(home, "other"), "c3");
  expect(folderToInspect("acme/reader")).toBe(other);
});

test("the error for a missing model names the command that downloads it", () => {
  expect(() => modelFolder("acme/none")).toThrow(/hf download acme\/none/);
  expect(() => modelFolder("nowhere")).toThrow(/no checkpoint at nowhere/);
  expect(() => modelFolder("../../etc")).toThrow(VireoError);
});

test("a folder without config.json can be inspected", () => {
  expect(folderToInspect(home)).toBe(home);
  expect(() => modelFolder(home)).toThrow(VireoError);
});
