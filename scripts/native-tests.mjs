// Builds the test program of native/tests with any compiler and flags. An object is compiled again
// only if its source, a header or the flags changed.
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { COMMON, sources } from "./build-native.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const native = join(root, "native");
const tests = join(native, "tests");

function headersHash() {
  const hash = createHash("sha256");
  for (const folder of [native, join(native, "kernels"), tests]) {
    for (const file of readdirSync(folder).sort()) {
      if (/\.(h|inl)$/.test(file)) hash.update(readFileSync(join(folder, file)));
    }
  }
  return hash.digest("hex");
}

/** Returns the path of the program. out: a folder below build/. jobs: parallel compilations. */
export async function buildNativeTests({ compiler, arch, extra, out, jobs = 1 }) {
  const folder = join(root, "build", out);
  const target = join(folder, "kernels");
  mkdirSync(folder, { recursive: true });
  const version = execFileSync(compiler, ["--version"]).toString();
  const headers = headersHash();
  const files = [
    ...sources(arch).filter(({ file }) => file !== "addon.cpp"),
    ...readdirSync(tests)
      .filter((file) => file.endsWith(".cpp"))
      .map((file) => ({ file: `tests/${file}`, flags: [] })),
  ];
  const todo = files.flatMap(({ file, flags }) => {
    const args = [...COMMON, ...flags, ...extra];
    const object = join(folder, `${file.replaceAll("/", "-")}.o`);
    const key = createHash("sha256")
      .update(JSON.stringify([version, args, headers]))
      .update(readFileSync(join(native, file)))
      .digest("hex");
    const stamp = `${object}.key`;
    const made = existsSync(object) && existsSync(stamp) && readFileSync(stamp, "utf8") === key;
    return made ? [] : [{ file, args, object, stamp, key }];
  });
  const objects = files.map(({ file }) => join(folder, `${file.replaceAll("/", "-")}.o`));
  if (todo.length === 0 && existsSync(target)) return target;
  console.log(`compiling ${todo.length} of ${files.length} files into build/${out}`);
  const run = promisify(execFile);
  const worker = async () => {
    for (let job = todo.shift(); job; job = todo.shift()) {
      const args = [...job.args, "-c", join(native, job.file), "-o", job.object];
      const { stderr } = await run(compiler, args, { maxBuffer: 1 << 26 }).catch((error) => {
        throw new Error(`cannot compile native/${job.file}:\n${error.stderr ?? error.message}`);
      });
      if (stderr) console.error(stderr);
      writeFileSync(job.stamp, job.key);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  await run(compiler, [...extra, "-pthread", ...objects, "-o", target]);
  return target;
}
