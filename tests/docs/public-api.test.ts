// Needs: ffmpeg.
// Every function and class of the public API has an @example that compiles and runs.
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = new URL("../..", import.meta.url).pathname;
const RUN_MS = 120_000;
const run = promisify(execFile);

interface Example {
  readonly name: string;
  readonly code: string;
}

const { examples, valueNames, missing } = readPublicApi();
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "vireo-api-"));
  cpSync(join(ROOT, "models/mini"), join(dir, "models/mini"), { recursive: true });
  cpSync(join(ROOT, "web/src/samples/document.pdf"), join(dir, "invoice.pdf"));
  cpSync(join(ROOT, "web/src/samples/video.mp4"), join(dir, "clip.mp4"));
  mkdirSync(join(dir, "node_modules"));
  symlinkSync(ROOT, join(dir, "node_modules/vireo"));
  symlinkSync(join(ROOT, "node_modules/@types"), join(dir, "node_modules/@types"));
  await writeFile(join(dir, "package.json"), '{ "type": "module" }');
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("every function and class has an example", () => {
  expect(missing).toEqual([]);
  expect(examples.length).toBeGreaterThan(15);
});

test("the examples compile and run", async () => {
  await writeFile(join(dir, "shared.ts"), SHARED);
  const files = examples.map((_, at) => `example-${at}.ts`);
  for (const [at, file] of files.entries())
    await writeFile(join(dir, file), program(examples[at]!));
  const compilerOptions = {
    ...{ strict: true, skipLibCheck: true, module: "nodenext", target: "es2023" },
    types: ["node"],
  };
  await writeFile(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const compiled = await run(process.execPath, [tsc, "-p", dir], { cwd: dir }).catch(
    (error) => error,
  );
  expect(compiled.stdout, files.map((file, at) => `${file}: ${examples[at]!.name}`).join()).toBe(
    "",
  );
  const imports = files.map((file) => `await import("./${file.replace(".ts", ".js")}");\n`);
  const close = 'import { engine } from "./shared.js";\nawait engine.close();\n';
  await writeFile(join(dir, "all.js"), imports.join("") + close);
  await run(process.execPath, ["all.js"], { cwd: dir, timeout: RUN_MS });
});

const SHARED = `
import { type ChatRequest, open } from "vireo";
export const engine = await open("models/mini");
export const model = engine.models[0]!;
export const request: ChatRequest = { messages: [{ role: "user", content: "Hello" }] };
`;

/** Adds the imports, also of the shared objects that an example uses without defining them. */
function program({ code }: Example): string {
  const shared = ["engine", "model", "request"].filter((name) => {
    return new RegExp(`\\b${name}\\b`).test(code) && !code.includes(`const ${name} `);
  });
  return `import { type Upstream, ${valueNames.join(", ")} } from "vireo";
import { readFile, writeFile } from "node:fs/promises";
import { ${shared.join(", ")} } from "./shared.js";
${code.replaceAll("port: 8000", "port: 0")}
`;
}

/** Reads the exports of src/index.ts and every @example in the files that define them. */
function readPublicApi() {
  const index = readFileSync(join(ROOT, "src/index.ts"), "utf8");
  const found: Example[] = [];
  const values: string[] = [];
  const without: string[] = [];
  for (const [, type, list, file] of index.matchAll(/^export (type )?\{([^}]+)\} from "(.+)";/gm)) {
    const source = readFileSync(join(ROOT, "src", file!), "utf8");
    const own = examplesOf(source).filter(({ code }) => !found.some((one) => one.code === code));
    found.push(...own);
    if (type !== undefined) continue;
    const names = list!.split(",").map((entry) => entry.trim());
    for (const name of names.filter((entry) => /^\w+$/.test(entry))) {
      values.push(name);
      const isConstant = source.includes(`export const ${name}`);
      if (!isConstant && !own.some((example) => example.name === name)) without.push(name);
    }
  }
  return { examples: found, valueNames: values, missing: without };
}

/** Returns the @example of each docblock with the name of the declaration below it. */
function examplesOf(source: string): Example[] {
  const pattern = /^ *\/\*\*\n((?: *\*.*\n)*?) *\*\/\n.*?(\w+) ?(?:[<({=]|extends|implements)/gm;
  return [...source.matchAll(pattern)].flatMap(([, text, name]) => {
    const [, example] = text!.split(/@example\n/);
    return example === undefined ? [] : [{ name: name!, code: example.replace(/^ *\* ?/gm, "") }];
  });
}
