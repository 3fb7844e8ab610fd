// Runs a client program without a terminal, in a temporary home folder.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { runChecks } from "../sdks/checks.mjs";

const TIMEOUT_MS = 100_000;

/** The text that a program must print in each check. Programs may print more. */
const WANTED = {
  answer: /turn \d+, 0 pictures, 0 documents, before: nothing/,
  "second turn": /before: turn \d+/,
  stream: /turn \d+, 0 pictures, 0 documents, before: nothing/,
  tools: /The tool said .*the secret is 42/s,
  picture: /turn \d+, 1 pictures/,
  PDF: /turn \d+, \d+ pictures, 1 documents/,
  error: /131073 tokens/,
};

/**
 * Creates a folder with a note for the tool to read. It is not in /tmp, because Codex refuses a
 * home folder there.
 */
export async function openHome() {
  const home = await mkdtemp(join(homedir(), ".vireo-clients-"));
  await writeFile(join(home, "note.txt"), "the secret is 42\n");
  return home;
}

/**
 * Runs the checks of a program, then removes `home`. `own`: the program's own messages that replace
 * the server's in a check, with a note for the table.
 */
export async function runProgramChecks(checks, home, own = { wanted: {}, notes: {} }) {
  try {
    await runChecks(checks, { ...WANTED, ...own.wanted }, own.notes);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Returns stdout and stderr together. Ends the program after TIMEOUT_MS. */
export function run(file, args, home, more = {}) {
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_DATA_HOME: join(home, "data"),
    XDG_CACHE_HOME: join(home, "cache"),
    XDG_STATE_HOME: join(home, "state"),
    NO_COLOR: "1",
    ...more,
  };
  const stdio = ["ignore", "pipe", "pipe"];
  const child = spawn(file, args, { cwd: home, env, stdio });
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => {
      said += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => {
      clearTimeout(timer);
      resolve(said);
    });
  });
}
