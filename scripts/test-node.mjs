// Runs the tests under another version of Node.js from the npm registry.
//   npm run test:node -- 24 [vitest's arguments]        npm run test:node -- 22 --smoke
// --smoke: only set-up, addon, server, PDF and video.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const SMOKE = [
  "tests/ops/step.test.ts",
  "tests/ops/matmul.test.ts",
  "tests/api/client.test.ts",
  "tests/api/mini.test.ts",
  "src/media/document.test.ts",
  "tests/engine/video.test.ts",
  "tests/package.test.ts",
];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [version = "", ...rest] = process.argv.slice(2);
if (!/^\d+(\.\d+){0,2}$/.test(version)) {
  console.error("usage: npm run test:node -- VERSION [--smoke] [vitest's arguments]");
  process.exit(2);
}

/** Installs that version below build/ on first use and returns the folder of its `node`. */
function nodeFolder() {
  const folder = join(root, "build", `node-${version}`);
  const name = `node-${process.platform}-${process.arch}`;
  const bin = join(folder, "node_modules", name, "bin");
  if (existsSync(join(bin, "node"))) return bin;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", `${name}@${version}`];
  execFileSync("npm", args, { cwd: folder, stdio: ["ignore", 2, 2] });
  return bin;
}

const bin = nodeFolder();
const node = join(bin, "node");
console.error(`test:node: ${execFileSync(node, ["--version"]).toString().trim()}`);
const smoke = rest.includes("--smoke") ? SMOKE : [];
const { status } = spawnSync(
  node,
  [join(root, "scripts", "test.mjs"), ...rest.filter((arg) => arg !== "--smoke"), ...smoke],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
  },
);
process.exitCode = status ?? 1;
