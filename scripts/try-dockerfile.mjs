// Carries out the Dockerfile without a container engine: every stage in an empty Debian root, COPY
// with .dockerignore, then the image's command as its user. Waits until the health check passes,
// asks one question over HTTP, and prints times and sizes. Exit status 1 if anything fails.
//   sudo node scripts/try-dockerfile.mjs [--mirror URL] [--keep]
// Needs root, debootstrap, unshare, a Debian mirror and the npm registry. --keep leaves the roots.

import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  copyRoot,
  hasNetworkNamespaces,
  innerPid,
  makeBase,
  megabytes,
  missingHere,
  runBeside,
  runIn,
  startIn,
} from "./dockerfile/bare-root.mjs";
import { ignores, parseCommand, parseCopy, parseDockerfile } from "./dockerfile/parse.mjs";

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const HEALTHY_WITHIN_MS = 120_000;
/** The server listens on all addresses, so it wants a key, as `docker run -e` gives it. */
const KEY = "sk-try-dockerfile";
const QUESTION = "Return JSON with the keys vendor, date, customer, total.";

const { values: options } = parseArgs({
  options: {
    mirror: { type: "string", default: "http://deb.debian.org/debian" },
    keep: { type: "boolean", default: false },
  },
});

function report(seconds, text) {
  console.log(`${seconds.toFixed(1).padStart(7)} s  ${text}`);
}

async function timed(text, work) {
  const before = performance.now();
  const result = await work();
  report((performance.now() - before) / 1000, text);
  return result;
}

/** Applies COPY as Docker does: the contents of a folder, or files into a folder. */
function copy(stages, stage, step) {
  const { from, owner, sources, target } = parseCopy(step);
  const source = from === undefined ? checkout : stages.get(from)?.root;
  if (source === undefined) throw new Error(`line ${step.line}: there is no stage ${from}`);
  const isIgnored = ignores(readFileSync(join(checkout, ".dockerignore"), "utf8"));
  const filter = (path) => from !== undefined || !isIgnored(relative(checkout, path));
  const inside = join(stage.root, resolve(stage.workdir, target));
  const intoFolder = target.endsWith("/") || target === "." || sources.length > 1;
  for (const name of sources) {
    const path = join(source, name);
    const asIs = statSync(path).isDirectory() || !intoFolder;
    const to = asIs ? inside : join(inside, basename(name));
    mkdirSync(dirname(to), { recursive: true });
    cpSync(path, to, { recursive: true, filter, verbatimSymlinks: true });
  }
  if (owner !== undefined) {
    execFileSync("chroot", [stage.root, "chown", "-R", owner, resolve(stage.workdir, target)]);
  }
}

/** Carries out one instruction on the stage. */
function apply(stages, stage, step) {
  switch (step.word) {
    case "RUN":
      runIn(stage, step.rest);
      break;
    case "WORKDIR":
      stage.workdir = step.rest;
      mkdirSync(join(stage.root, step.rest), { recursive: true });
      break;
    case "COPY":
      copy(stages, stage, step);
      break;
    case "USER":
      stage.user = step.rest;
      break;
    case "ENV": {
      const [name, value] = step.rest.split("=");
      stage.env[name] = value;
      break;
    }
    case "HEALTHCHECK":
      stage.healthCheck = parseCommand(step);
      break;
    case "ENTRYPOINT":
      stage.command = parseCommand(step);
      break;
    case "EXPOSE":
      stage.port = Number(step.rest);
  }
}

async function build(folder) {
  const stages = new Map();
  const bases = new Map();
  for (const { name, image, steps } of parseDockerfile(
    readFileSync(join(checkout, "Dockerfile"), "utf8"),
  )) {
    if (!bases.has(image)) {
      const make = () => makeBase(image, folder, options.mirror);
      bases.set(image, await timed(`${image}, made with debootstrap`, make));
    }
    const root = copyRoot(bases.get(image), folder);
    const stage = { name, root, user: "root", workdir: "/", env: {} };
    stages.set(name, stage);
    for (const step of steps) {
      const short = `${step.word} ${step.rest}`.slice(0, 90);
      await timed(`${name}: ${short}`, () => apply(stages, stage, step));
    }
    console.log(`${String(megabytes(root)).padStart(7)} MB ${name}`);
  }
  return [...stages.values()].at(-1);
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Asks through the image's own Node.js, which is in the network of the server. */
function ask(stage, pid) {
  const picture = readFileSync(join(checkout, "web/src/samples/invoice.png"), "base64");
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${picture}` } };
  const body = JSON.stringify({
    model: "vireo/mini",
    messages: [{ role: "user", content: [image, { type: "text", text: QUESTION }] }],
  });
  const program = `
    const body = require("node:fs").readFileSync(0);
    const headers = { "content-type": "application/json", authorization: "Bearer ${KEY}" };
    fetch("http://127.0.0.1:${stage.port}/v1/chat/completions", { method: "POST", headers, body })
      .then((response) => response.json())
      .then((body) => console.log(body.choices?.[0].message.content ?? JSON.stringify(body)));`;
  return runBeside(stage, pid, ["node", "-e", program], body).stdout.trim();
}

async function healthy(stage, server, pid) {
  const deadline = Date.now() + HEALTHY_WITHIN_MS;
  while (Date.now() < deadline && server.exitCode === null) {
    if (runBeside(stage, pid, stage.healthCheck).status === 0) return;
    await sleep(200);
  }
  throw new Error("the health check did not pass");
}

/** Runs the image as its user; without network namespaces on a free port of 127.0.0.1. */
async function tryImage(stage) {
  const isolated = hasNetworkNamespaces();
  if (!isolated) stage.port = await freePort();
  Object.assign(stage.env, { PORT: String(stage.port), VIREO_API_KEY: KEY });
  const local = isolated ? [] : ["--host", "127.0.0.1"];
  const server = startIn(stage, [...stage.command, ...local], isolated);
  let output = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output = `${output}${text}`.slice(-8000);
    });
  }
  const ended = new Promise((done) => server.once("exit", done));
  try {
    await sleep(500);
    const pid = innerPid(server.pid);
    await timed("HEALTHCHECK passes", () => healthy(stage, server, pid));
    const about = readFileSync(`/proc/${pid}/status`, "utf8");
    const [, uid] = /^Uid:\s+(\d+)/m.exec(about) ?? [];
    if (uid === "0") throw new Error("the server runs as root");
    console.log(`           the server runs as ${stage.user} (uid ${uid})`);
    const answer = await timed(`asked: ${QUESTION}`, () => ask(stage, pid));
    console.log(`           answered: ${answer}`);
    if (!answer.includes("Rossi Trading Co")) throw new Error("the answer is another one");
    process.kill(pid, "SIGTERM");
    const status = await timed("ended after SIGTERM", () => ended);
    if (status !== 0) throw new Error(`the server ended with status ${status}`);
  } catch (error) {
    error.message += `\n${output}`;
    throw error;
  } finally {
    server.kill("SIGKILL");
  }
}

const missing = missingHere();
if (missing.length > 0) {
  console.error(`try-dockerfile needs ${missing.join("; ")}`);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), "vireo-dockerfile-"));
try {
  await tryImage(await build(folder));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  if (options.keep) console.log(`the roots are in ${folder}`);
  else if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
}
