// The commands and programs of README.md and docs/ run and print what the pages show.
import { type ChildProcess, execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installCommand } from "../../scripts/system-packages.mjs";
import { ERROR_STATUS } from "../../src/protocols/shared/errors.ts";
import { serveProcess } from "../cli/serve-process.ts";
import { HAS_CURL, HAS_FFMPEG } from "../fixtures/needs.ts";
import { type Block, blocksOf, commandsOf, pages, patternOf } from "./blocks.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const MAIN = join(ROOT, "dist/cli/main.js");
const PAGES = pages(ROOT);
const BLOCKS = PAGES.flatMap((page) => blocksOf(ROOT, page));
const SHELL = BLOCKS.filter(({ language }) => language === "sh");
const PROGRAMS = BLOCKS.filter(({ language }) => language === "ts");
const RUN_MS = 60_000;
/** `npx vireo` is the built program; a server is started on a free port, and ended when ready. */
const PRELUDE = `set -e -o pipefail
npx() {
  shift
  if [ "$1" != serve ]; then "$NODE" "$MAIN" "$@"; return; fi
  "$NODE" "$MAIN" "$@" --port 0 >/dev/null 2>serve.log &
  local pid=$! turns=0
  until grep -q "ready at" serve.log; do
    kill -0 $pid || { cat serve.log >&2; return 1; }
    turns=$((turns + 1)); [ $turns -lt 600 ] || return 1
    sleep 0.05
  done
  kill $pid
  wait $pid || true
}
`;

const run = promisify(execFile);
let dir: string;
let server: ChildProcess;
let url: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "vireo-docs-"));
  for (const name of ["models/mini", "models/tiny", "examples", "web/src/samples"]) {
    cpSync(join(ROOT, name), join(dir, name), { recursive: true });
  }
  mkdirSync(join(dir, "node_modules"));
  symlinkSync(ROOT, join(dir, "node_modules/vireo"));
  for (const name of ["openai", "@types"]) {
    symlinkSync(join(ROOT, "node_modules", name), join(dir, "node_modules", name));
  }
  await writeFile(join(dir, "package.json"), '{ "type": "module" }');
  const flags = ["--model-id", "vireo/mini", "--files", join(dir, "files")];
  const started = serveProcess(join(dir, "models/mini"), ...flags);
  server = started.child;
  url = await started.url;
});

afterAll(() => {
  server.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

const here = (text: string) => text.replaceAll("http://127.0.0.1:8000", url);
const needsFfmpeg = ({ text }: Block) => /\.mp4|video/i.test(text);
if (!HAS_CURL) {
  console.error(`skipped: requests of docs/ need curl: ${installCommand(["curl"])}`);
}
const needsCurl = ({ text }: Block) => /\bcurl /.test(text);
const isRun = (block: Block) =>
  !block.notRun && (HAS_FFMPEG || !needsFfmpeg(block)) && (HAS_CURL || !needsCurl(block));

function expectOutput({ place, output }: Block, stdout: string): void {
  if (output === undefined) return;
  expect(stdout.replaceAll("\r\n", "\n"), `the output of ${place}`).toMatch(patternOf(output));
}

/** The commands of one page share a folder, so that they can use each other's files. */
async function runShell(block: Block): Promise<void> {
  const env = { ...process.env, NODE: process.execPath, MAIN, VIREO_FILES: join(dir, "other") };
  const script = PRELUDE + here(block.text);
  const { stdout } = await run("bash", ["-c", script], { cwd: dir, env, timeout: RUN_MS });
  expectOutput(block, stdout);
}

const nameOf = ({ place }: Block) => place.replaceAll(/\W/g, "-");

/** Type-checks all programs and compiles them into `dir`; returns what the compiler prints. */
async function compilePrograms(): Promise<string> {
  const files = PROGRAMS.map((block) => `${nameOf(block)}.ts`);
  for (const [at, { text }] of PROGRAMS.entries())
    await writeFile(join(dir, files[at]!), here(text));
  const compilerOptions = {
    strict: true,
    skipLibCheck: true,
    module: "nodenext",
    target: "es2023",
    types: ["node"],
  };
  await writeFile(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const result = run(process.execPath, [tsc, "-p", dir], { cwd: dir, timeout: RUN_MS });
  return await result.then(
    ({ stdout }) => stdout,
    (error) => String(error.stdout || error),
  );
}

async function runProgram(block: Block): Promise<void> {
  const file = join(dir, `${nameOf(block)}.js`);
  const { stdout } = await run(process.execPath, [file], { cwd: dir, timeout: RUN_MS });
  expectOutput(block, stdout);
}

test.each(
  PAGES.filter((page) => SHELL.some((block) => block.file === page)),
)("the commands of %s run and print what it says", async (page) => {
  const blocks = SHELL.filter((block) => block.file === page && isRun(block));
  for (const block of blocks) {
    await runShell(block).catch((error) => {
      throw new Error(`${block.place}: ${error.message}`, { cause: error });
    });
  }
});

test("programs have no type errors", async () => {
  expect(await compilePrograms()).toBe("");
});

test.each(
  PROGRAMS.filter(isRun).map((block) => [block.place, block] as const),
)("the program at %s runs", (_, block) => runProgram(block));

/** The long and short flags that `vireo COMMAND --help` lists. */
async function flagsOf(command: string): Promise<Set<string>> {
  const { stdout } = await run(process.execPath, [MAIN, ...command.split(" "), "--help"]);
  return new Set(stdout.match(/(?<![\w-])--?[a-z][\w-]*/g) ?? []);
}

test("commands that are not run exist, with all of their flags", async () => {
  const known = new Map<string, Set<string>>();
  const unknown: string[] = [];
  for (const { place, text } of SHELL) {
    for (const { command, flags } of commandsOf(text)) {
      if (!known.has(command)) known.set(command, await flagsOf(command));
      for (const flag of flags) {
        if (!known.get(command)!.has(flag)) unknown.push(`${place}: ${command} ${flag}`);
      }
    }
  }
  expect(unknown).toEqual([]);
});

test("docs/serving.md names every flag and variable of the server, and no others", async () => {
  const page = readFileSync(join(ROOT, "docs/serving.md"), "utf8");
  const { stdout } = await run(process.execPath, [MAIN, "serve", "--help"]);
  const options = stdout.slice(0, stdout.indexOf("Environment:"));
  const flags = new Set([...options.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map((m) => m[1]!));
  flags.delete("--help");
  const documented = new Set([...page.matchAll(/^\| `(--[\w-]+)/gm)].map((match) => match[1]!));
  expect([...documented].sort()).toEqual([...flags].sort());
  const variables = new Set(stdout.match(/VIREO_\w+/g));
  expect([...variables].filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
});

test("docs/errors.md has a row with the status of every error code", () => {
  const page = readFileSync(join(ROOT, "docs/errors.md"), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map((m) => [m[1], Number(m[2])]);
  const codes = Object.entries(ERROR_STATUS).map(([code, { status }]) => [code, status]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(codes));
  expect(rows.length).toBe(codes.length);
});

test("docs/api.md has every route", async () => {
  const page = readFileSync(join(ROOT, "docs/api.md"), "utf8");
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
  const missing = Object.keys(paths).filter((path) => !page.includes(`${path}\``));
  expect(missing).toEqual([]);
});

test("every package is in the table of dependencies", () => {
  const page = readFileSync(join(ROOT, "docs/design/dependencies.md"), "utf8");
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const missing = Object.keys(dependencies).filter((name) => {
    return !rows.some((row) => row.split("|")[1]!.includes(`\`${name}\``));
  });
  expect(missing).toEqual([]);
});

test("source files that pages name exist", () => {
  const roots = ["", "src", "native", "native/kernels"];
  const wrong = PAGES.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), "utf8");
    return [...text.matchAll(/`((?:[\w-]+\/)+[\w-]+(?:\.test)?\.(?:ts|mjs|cpp|h))`/g)]
      .map((match) => match[1]!)
      .filter((file) => !roots.some((root) => existsSync(join(ROOT, root, file))))
      .map((file) => `${page}: ${file}`);
  });
  expect(wrong).toEqual([]);
});

test("links of pages lead to files that exist", () => {
  const wrong = [...PAGES, "docs/clients.md", "CHANGELOG.md", "MODEL.md"].flatMap((page) => {
    const text = readFileSync(join(ROOT, page), "utf8");
    return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1]!)
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => !existsSync(join(ROOT, dirname(page), target)))
      .map((target) => `${page}: ${target}`);
  });
  expect(wrong).toEqual([]);
});

test("blocks are commands, programs, data, configuration or drawings", () => {
  const languages = ["sh", "ts", "json", "text", "mermaid", "yaml", "ini", "nginx"];
  const others = BLOCKS.filter(({ language }) => !languages.includes(language));
  expect(others.map(({ place, language }) => `${place}: ${language}`)).toEqual([]);
});
