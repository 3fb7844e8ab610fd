// Makes the files of the corpus with the programs of a Debian machine.
//   node tests/reality/make/make.mjs [--again] [PATTERN]    only files that are missing, or all
// A program that is not there, or that cannot make a file, is reported; the others go on.
// manifest.json says of each file which program, of which version and package, made it and how.

import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { documents } from "./documents.mjs";
import { pictures } from "./pictures.mjs";
import { others, videos } from "./videos.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const files = join(here, "../files");
const manifestPath = join(here, "../manifest.json");
const again = process.argv.includes("--again");
const pattern = new RegExp(process.argv.slice(2).find((arg) => !arg.startsWith("--")) ?? ".");
const SECONDS = 120;

const work = mkdtempSync(join(tmpdir(), "corpus-"));
const sources = join(work, "sources");
mkdirSync(sources);
const prelude = `. ${here}/prelude.sh\n`;
const environment = {
  ...process.env,
  sources,
  here,
  browser: join(here, "browser.mjs"),
  LC_ALL: "C.UTF-8",
};

function shell(command, cwd, o = "") {
  const options = {
    cwd,
    env: { ...environment, o },
    timeout: SECONDS * 1000,
    stdio: ["ignore", "pipe", "pipe"],
  };
  return execFileSync("bash", ["-c", prelude + command], options).toString();
}

shell("make_sources", work);
const manifest = existsSync(manifestPath) ? JSON.parse(readFileSync(manifestPath, "utf8")) : {};
const versions = new Map();
function versionOf(command) {
  if (!versions.has(command)) {
    let text = "";
    try {
      text = shell(`${command} || true`, work);
    } catch {}
    versions.set(
      command,
      text
        .split("\n")
        .map((line) => line.trim())
        .find(Boolean) ?? "unknown",
    );
  }
  return versions.get(command);
}

let failed = 0;
const recipes = [...pictures, ...documents, ...videos, ...others];
for (const { file, program, debianPackage, version, command } of recipes) {
  const out = join(files, file);
  if (!pattern.test(file) || (existsSync(out) && manifest[file] && !again)) continue;
  mkdirSync(dirname(out), { recursive: true });
  const cwd = mkdtempSync(join(work, "make-"));
  try {
    shell(command, cwd, out);
    if (!existsSync(out) || (statSync(out).size === 0 && !file.includes("empty")))
      throw new Error("made nothing");
    manifest[file] = { program, version: versionOf(version), debianPackage, command };
  } catch (error) {
    failed += 1;
    rmSync(out, { force: true });
    console.log(
      `${file}: ${program}: ${String(error.stderr ?? error.message)
        .trim()
        .slice(-200)}`,
    );
  }
  rmSync(cwd, { recursive: true, force: true });
}
const known = new Set(recipes.map(({ file }) => file));
const sorted = Object.entries(manifest).filter(
  ([file]) => known.has(file) && existsSync(join(files, file)),
);
sorted.sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(manifestPath, `${JSON.stringify(Object.fromEntries(sorted), null, 1)}\n`);
rmSync(work, { recursive: true, force: true });
console.log(`${sorted.length} files, ${failed} could not be made`);
