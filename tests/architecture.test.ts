// The rules of ARCHITECTURE.md and CONTRIBUTING.md that a machine can check.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { INPUTS } from "../scripts/bounds/inputs.mjs";
import { LIMITS } from "../src/core/limits.ts";
import { REASONS } from "./bounds/reasons.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 70;
const MAX_COLUMNS = 100;

/** Folders that a folder of src may import besides itself. `types:` allows `import type` only. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  threads: ["core"],
  text: ["core", "threads"],
  processes: ["core"],
  disk: ["core"],
  media: ["core", "threads", "processes"],
  grammar: ["core", "threads"],
  "protocols/shared": ["core", "file:media/kind.ts"],
  "protocols/openai": ["core", "protocols/shared"],
  "protocols/anthropic": ["core", "protocols/shared"],
  "protocols/ai-gateway": ["core", "protocols/shared"],
  "protocols/vireo": ["core", "protocols/shared", "protocols/openai"],
  egress: ["core"],
  files: ["core", "disk"],
  extract: ["core", "disk", "media"],
  video: ["core"],
  storage: ["core"],
  retrieval: ["core", "disk", "media", "storage", "file:extract/batch.ts"],
  backends: ["core"],
  weights: ["core", "file:backends/backend.ts"],
  model: ["core", "weights", "file:backends/backend.ts"],
  embedding: ["core", "model", "backends"],
  inputs: ["core", "threads", "processes", "model", "weights", "text", "media", "backends"],
  runtime: ["core", "model", "weights", "text", "grammar", "backends", "inputs"],
  isolation: ["core", "processes", "runtime", "weights"],
  inspect: ["core", "weights", "model", "text", "inputs", "file:runtime/memory.ts"],
  limits: ["core", "protocols/shared"],
  routing: ["core"],
  configuration: ["core", "routing", "upstreams"],
  upstreams: ["core", "text", "media", "file:protocols/shared/errors.ts"],
  server: ["core", "threads", "protocols", "limits", "routing", "egress", "files", "extract"],
  eval: ["core", "disk", "media"],
  golden: ["core", "backends", "weights", "model", "text", "media", "inputs", "runtime"],
  bench: ["core", "backends", "weights", "model", "inputs", "runtime", "text"],
  cli: ["*"],
  "index.ts": ["*"],
};
/** Folders that use no package: their whole behaviour is in this repository. */
const NO_PACKAGES = ["core", "grammar", "weights", "model", "inputs", "runtime", "limits", "files"];

interface Source {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly lines: readonly string[];
  readonly text: string;
}

interface Import {
  readonly from: string;
}

function filesIn(folder: string, extension: RegExp): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && extension.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => !path.includes("node_modules/") && !path.startsWith("native/build/"))
    .sort();
}

function read(path: string): Source {
  const text = readFileSync(join(ROOT, path), "utf8");
  return { path, text, lines: text.split("\n") };
}

const SRC = filesIn("src", /\.(ts|wgsl)$/).map(read);
const NATIVE = filesIn("native", /\.(cpp|cc|c|h|hpp|inc|inl)$/).map(read);
const WEB = filesIn("web", /\.(tsx?|css)$/).map(read);
/** Packages of the playground, which talks to the server over HTTP like any client. */
const WEB_PACKAGES = ["react", "react-dom", "react-dom/client", "react-markdown", "remark-gfm"];
const AROUND = ["tests", "scripts", "bench", "examples", "tools"]
  .flatMap((folder) => filesIn(folder, /\.(ts|mjs)$/))
  .map(read);
const THIS = "tests/architecture.test.ts";

const isTest = (source: Source) => /\.test\.tsx?$/.test(source.path);
const isProduct = (source: Source) => !isTest(source);

/**
 * `src/model/vision/encoder.ts` → `model`, `src/protocols/openai/chat.ts` → `protocols/openai`; a
 * file of src itself stands for itself.
 */
function room(path: string): string {
  const [first = "", second = ""] = path.replace(/^src\//, "").split("/");
  return first === "protocols" ? `${first}/${second}` : first;
}

function importsOf({ text }: Source): Import[] {
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s)?[^;'"`]*?from\s+["']([^"']+)["']|^import\s+["']([^"']+)["']/gm,
  );
  const dynamic = text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g);
  return [
    ...[...statements].map((found) => ({
      from: found[2] ?? found[3] ?? "",
    })),
    ...[...dynamic].map((found) => ({ from: found[1] ?? "" })),
  ];
}

/** Code without comments, so that rules for code do not apply to prose. */
function codeLines({ text }: Source): string[] {
  const blank = (comment: string) => comment.replace(/[^\n]/g, " ");
  return text
    .replace(/\/\*[\s\S]*?\*\//g, blank)
    .replace(/(^|\s)\/\/.*$/gm, "$1")
    .split("\n");
}

function findings(sources: readonly Source[], pattern: RegExp): string[] {
  return sources.flatMap((source) =>
    codeLines(source).flatMap((line, at) =>
      pattern.test(line) ? [`${source.path}:${at + 1}: ${line.trim()}`] : [],
    ),
  );
}

function isAllowed(importer: string, target: string): boolean {
  const from = room(importer);
  const to = room(target);
  if (from === to) return true;
  return (MAY_IMPORT[from] ?? []).some((rule) => {
    if (rule.startsWith("file:")) return target === `src/${rule.slice(5)}`;
    return rule === "*" || rule === to || to.startsWith(`${rule}/`);
  });
}

test("every folder of src is in the table of imports", () => {
  const rooms = new Set(SRC.map(({ path }) => room(path)));
  expect([...rooms].filter((name) => !(name in MAY_IMPORT))).toEqual([]);
});

test("folders import only what the table allows", () => {
  const wrong = SRC.filter(isProduct).flatMap((source) =>
    importsOf(source).flatMap(({ from }) => {
      if (!from.startsWith(".")) return [];
      const target = relative(ROOT, resolve(ROOT, dirname(source.path), from));
      if (isAllowed(source.path, target)) return [];
      return [`${source.path} imports ${target}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test("the playground imports only itself and its packages, and nothing imports it", () => {
  const page = WEB.filter(isProduct).filter(({ path }) => path.startsWith("web/src/"));
  const wrong = page.flatMap((source) =>
    importsOf(source)
      .filter(({ from }) =>
        from.startsWith(".")
          ? !resolve(ROOT, dirname(source.path), from).startsWith(join(ROOT, "web", "src"))
          : !WEB_PACKAGES.includes(from),
      )
      .map(({ from }) => `${source.path} imports ${from}`),
  );
  expect(wrong).toEqual([]);
  const others = SRC.flatMap((source) =>
    importsOf(source)
      .filter(({ from }) => from.startsWith(".") && from.includes("web/"))
      .map(({ from }) => `${source.path} imports ${from}`),
  );
  expect(others).toEqual([]);
});

test("the playground makes no markup from text", () => {
  const page = WEB.filter(isProduct);
  const markup = /dangerouslySetInnerHTML|innerHTML|insertAdjacentHTML|document\.write|\beval\(/;
  expect(findings(page, markup)).toEqual([]);
});

test("relative imports name their file with its extension, and it exists", () => {
  const wrong = [...SRC, ...WEB].flatMap((source) =>
    importsOf(source)
      .filter(({ from }) => from.startsWith("."))
      .filter(
        ({ from }) =>
          !/\.(tsx?|json|css|svg|png|pdf|mp4)$/.test(from) ||
          !existsSync(join(ROOT, dirname(source.path), from)),
      )
      .map(({ from }) => `${source.path} imports ${from}`),
  );
  expect(wrong).toEqual([]);
});

test("core imports nothing, and the rooms of the network use no package", () => {
  const wrong = SRC.filter(isProduct).flatMap((source) => {
    const from = room(source.path);
    if (!NO_PACKAGES.includes(from)) return [];
    return importsOf(source)
      .filter((found) => !found.from.startsWith("."))
      .filter((found) => from === "core" || !found.from.startsWith("node:"))
      .map((found) => `${source.path} imports ${found.from}`);
  });
  expect(wrong).toEqual([]);
});

test("only backends/cpu/native.ts loads the addon", () => {
  const others = SRC.filter(isProduct).filter(({ path }) => path !== "src/backends/cpu/native.ts");
  expect(findings(others, /createRequire|process\.dlopen|\.node["'`]/)).toEqual([]);
});

test("only cli reads the command line and the environment", () => {
  const others = SRC.filter(isProduct).filter(({ path }) => room(path) !== "cli");
  expect(findings(others, /process\.(argv|env)\b/)).toEqual([]);
});

test(`files have at most ${MAX_FILE_LINES} lines`, () => {
  // A style sheet is a list of rules and may be longer.
  const page = WEB.filter(({ path }) => !path.endsWith(".css"));
  const long = [...SRC, ...page, ...NATIVE, ...AROUND].filter(
    ({ lines }) => lines.length > MAX_FILE_LINES + 1,
  );
  expect(long.map(({ path, lines }) => `${path}: ${lines.length - 1}`)).toEqual([]);
});

test(`lines have at most ${MAX_COLUMNS} columns`, () => {
  const long = [...SRC, ...WEB, ...NATIVE, ...AROUND].flatMap(({ path, lines }) =>
    lines.flatMap((line, at) => ([...line].length > MAX_COLUMNS ? [`${path}:${at + 1}`] : [])),
  );
  expect(long).toEqual([]);
});

test(`functions have at most ${MAX_FUNCTION_LINES} lines`, () => {
  // The formatter closes a function in the column where it begins, so indentation is enough.
  const begins = /^( {0,2})(?:export )?(?:async )?(?:function\b.*|(?!if|for|while|switch)\w+\(.*)/;
  const long = [...SRC, ...WEB].filter(isProduct).flatMap(({ path, lines }) =>
    lines.flatMap((line, at) => {
      const indent = begins.exec(line)?.[1];
      if (indent === undefined) return [];
      const length = lines.slice(at).findIndex((later) => later.startsWith(`${indent}}`)) + 1;
      const close = lines.slice(at).find((later) => later.startsWith(`${indent})`));
      const hasBody = line.endsWith("{") || (line.endsWith("(") && close?.endsWith("{") === true);
      return hasBody && length > MAX_FUNCTION_LINES ? [`${path}:${at + 1}: ${length}`] : [];
    }),
  );
  expect(long).toEqual([]);
});

test("there are no default exports, no any, no enums and no inheritance", () => {
  const ts = [...SRC, ...WEB, ...AROUND].filter(({ path }) => path !== THIS);
  const modules = ts.filter(({ path }) => !/\/vite(?:st)?\.config\.ts$/.test(path));
  expect(findings(modules, /^\s*export default\b/)).toEqual([]);
  expect(findings(ts, /(?:[:<|&(,]|\bas|=>)\s*any\b(?=[\s[\]<>(),;|&=]|$)/)).toEqual([]);
  expect(findings(ts, /^\s*(?:export )?(?:const )?enum\s/)).toEqual([]);
  expect(findings(ts, /\bclass\s+\w+(?:<[^>]*>)?\s+extends\s+(?!Error\b)/)).toEqual([]);
});

test("there are no TODOs, and files are named after their contents", () => {
  const all = [...SRC, ...WEB, ...NATIVE, ...AROUND].filter(({ path }) => path !== THIS);
  const notes = all.flatMap(({ path, lines }) =>
    lines.flatMap((line, at) =>
      /\b(?:TODO|FIXME|XXX|HACK)\b/.test(line) ? [`${path}:${at + 1}`] : [],
    ),
  );
  expect(notes).toEqual([]);
  const vague = all.filter(({ path }) =>
    /(?:^|\/)(?:utils?|helpers?|common|misc)(?:[/.]|$)/.test(path),
  );
  expect(vague.map(({ path }) => path)).toEqual([]);
  const named = [...SRC, ...WEB, ...NATIVE].filter(
    ({ path }) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+)+$/.test(basename(path)),
  );
  expect(named.map(({ path }) => path)).toEqual([]);
});

test("the table of imports in ARCHITECTURE.md is the one of this test", () => {
  const page = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([^`]+)` \| (nothing|anything|`.+`) \|$/gm)].map((match) => {
    return [match[1], match[2]!.replaceAll("`", "")];
  });
  const rules = Object.entries(MAY_IMPORT).map(([folder, allowed]) => {
    if (allowed.length === 0) return [folder, "nothing"];
    const names = allowed.map((rule) => (rule === "*" ? "anything" : rule.replace("file:", "")));
    return [folder, names.join(" ")];
  });
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(rules));
  expect(page.split("\n").length).toBeLessThanOrEqual(130);
});

test("comments begin with their subject", () => {
  const hanging = /^\s*(?:\/\*\*|\/\/|\*) (?:Of|What|Whoever|Who|Whose|As) /;
  const sources = [...SRC, ...NATIVE, ...WEB, ...AROUND];
  const found = sources.flatMap(({ path, lines }) =>
    lines.flatMap((line, at) => (hanging.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});

test("private members are declared private", () => {
  const sources = [...SRC, ...WEB, ...AROUND].filter(({ path }) => !path.endsWith(".css"));
  expect(findings(sources, /^\s+(?:(?:static|readonly|async) )*#[a-z]|\bthis\.#/)).toEqual([]);
});

test("no name ends in Most or Least", () => {
  const sources = [...SRC, ...NATIVE, ...WEB, ...AROUND].filter(({ path }) => path !== THIS);
  const names = findings(sources, /\b(?!atMost\b)\w*[a-z](?:Most|Least)\b|\b\w+_(?:MOST|LEAST)\b/);
  expect(names).toEqual([]);
});

test("names that the field has better words for do not come back", () => {
  const old =
    /\b(?:shareOut|countsAlong|toEnds|lookingBy|StillWanted|WhoIsAsked|PictureTray|settleVideos)\b/;
  expect(findings([...SRC, ...WEB].filter(isProduct), old)).toEqual([]);
});

test("every limit has an input at its inside edge, or a reason why it needs none", () => {
  const names = Object.entries(LIMITS).flatMap(([subject, limits]) =>
    Object.keys(limits).map((name) => `${subject}.${name}`),
  );
  const reached = Object.values(INPUTS).flatMap(({ limits }) => limits);
  const known = [...reached, ...Object.keys(REASONS)];
  expect(names.filter((name) => !known.includes(name))).toEqual([]);
  expect(known.filter((name) => !names.includes(name))).toEqual([]);
  expect(reached.filter((name) => name in REASONS)).toEqual([]);
  for (const reason of Object.values(REASONS)) {
    if ("test" in reason) expect(existsSync(join(ROOT, reason.test)), reason.test).toBe(true);
    else expect(reason.because.split(" ").length).toBeGreaterThan(3);
  }
});
