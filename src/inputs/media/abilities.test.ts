import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { abilityNotes, findAbilities, installCommand, missingAbilities } from "./abilities.ts";

let folder = "";
const programs = async (name: string, ...files: string[]): Promise<string> => {
  const path = await mkdtemp(join(folder, name));
  for (const file of files) {
    await writeFile(join(path, file), "#!/bin/sh\n");
    await chmod(join(path, file), 0o755);
  }
  return path;
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vireo-abilities-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const SUDO = process.getuid?.() === 0 ? "" : "sudo ";

test.each([
  ["apt-get", `${SUDO}apt-get install ffmpeg`],
  ["dnf", `${SUDO}dnf install ffmpeg-free`],
  ["apk", `${SUDO}apk add ffmpeg`],
  ["brew", "brew install ffmpeg"],
])("without ffmpeg, videos are off, and %s turns them on", async (manager, command) => {
  const empty = await programs("empty");
  const { video } = await findAbilities({ programPath: empty }, await programs("sys", manager));
  const hint = `Install ffmpeg on the server and start it again: ${command}`;
  expect(video).toEqual({ available: false, hint });
});

test("without a package manager, the hint has no command", async () => {
  const empty = await programs("empty");
  const { video } = await findAbilities({ programPath: empty }, empty);
  expect(video).toMatchObject({ hint: "Install ffmpeg on the server and start it again" });
  expect(await installCommand(["video"], empty)).toBeUndefined();
});

test("videos are on with ffmpeg in any folder of the path, or with another decoder", async () => {
  const path = [await programs("empty"), await programs("bin", "ffmpeg")].join(delimiter);
  expect((await findAbilities({ programPath: path })).video).toBe(true);
  const decoder = { plan: () => Promise.reject(), decode: () => Promise.reject() };
  const empty = await programs("empty");
  expect((await findAbilities({ programPath: empty, decoder })).video).toBe(true);
});

test("a file that is not executable is not a program", async () => {
  const path = await programs("plain");
  await writeFile(join(path, "ffmpeg"), "", { mode: 0o644 });
  expect((await findAbilities({ programPath: path })).video).not.toBe(true);
});

test("the notes at start name the missing abilities and one command", async () => {
  const off = { available: false, hint: "" } as const;
  const apt = await programs("sys", "apt-get");
  expect(await abilityNotes({ video: off, office: true }, apt)).toEqual([
    "off: videos (no ffmpeg)",
    `turn on with: ${SUDO}apt-get install ffmpeg; then start vireo again`,
  ]);
  const both = await abilityNotes({ video: off, office: off }, await programs("empty"));
  expect(both).toEqual(["off: videos (no ffmpeg), office documents (no LibreOffice)"]);
  expect(await abilityNotes({ video: true, office: true }, apt)).toEqual([]);
  expect(await abilityNotes(undefined, apt)).toEqual([]);
});

test("one command turns on everything that is off", async () => {
  const off = { available: false, hint: "" } as const;
  const missing = missingAbilities({ video: off, office: off });
  expect(missing.map(({ reads }) => reads)).toEqual(["videos", "office documents"]);
  expect(missingAbilities({ video: true, office: true })).toEqual([]);
  const names = missing.map(({ name }) => name);
  expect(await installCommand(names, await programs("sys", "apt-get"))).toBe(
    `${SUDO}apt-get install ffmpeg libreoffice-writer libreoffice-calc libreoffice-impress`,
  );
  expect(await installCommand(names, await programs("sys", "brew"))).toBe(
    "brew install ffmpeg && brew install --cask libreoffice",
  );
});
