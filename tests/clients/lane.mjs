// `npm run test:clients`: tests pinned versions of all clients in roster.mjs under Node.js 24
// against the built server. Prints a table and "N passed, N failed". `-- --write` writes the table
// to docs/clients.md; without it, a table that differs from that page counts as a failure.
// `-- --only NAME` runs the clients whose name contains NAME.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { checkDocument, writeDocument } from "./document.mjs";
import { findNode24, installClients, versionOf } from "./install.mjs";
import { CHECKS, CLIENTS } from "./roster.mjs";
import { MODEL, startScriptedServer } from "./scripted-server.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const CLIENT_TIMEOUT_MS = 300_000;
const argument = (name) => process.argv[process.argv.indexOf(name) + 1];
const only = process.argv.includes("--only") ? argument("--only") : "";

installClients();
const node = findNode24();
const server = await startScriptedServer();
const rows = [];
for (const client of CLIENTS.filter(({ name }) => name.includes(only))) {
  const version = versionOf(client.folder, client.packageName);
  const found = await runClient(client);
  const results = CHECKS.map((check) => found.find((one) => one.check === check));
  rows.push({ ...client, version, results });
  const marks = results.map((one) => (one === undefined ? "–" : one.failure ? "✗" : "✓"));
  console.log(`${`${client.name} ${version}`.padEnd(52)} ${marks.join("  ")}`);
  for (const one of found) if (one.failure) console.log(`    ${one.check}: ${one.failure}`);
}
await server.close();

const all = rows.flatMap(({ results }) => results.filter((one) => one !== undefined));
let failed = all.filter(({ failure }) => failure !== "").length;
const passed = all.length - failed;
if (process.argv.includes("--write")) writeDocument(rows);
else if (only === "" && !checkDocument(rows)) {
  failed += 1;
  console.log("docs/clients.md is not what this run found: npm run test:clients -- --write");
}
console.log(`\ncolumns: ${CHECKS.join(", ")}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** Returns the script's line for each check, and one more line if it ends early. */
function runClient({ script: [file, ...more] }) {
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    VIREO_URL: server.url,
    VIREO_MODEL: MODEL,
    NODE_NO_WARNINGS: "1",
  };
  const child = spawn(node, [`${HERE}${file}`, ...more], { env });
  const timer = setTimeout(() => child.kill("SIGKILL"), CLIENT_TIMEOUT_MS);
  let [said, wrong] = ["", ""];
  child.stdout.on("data", (text) => {
    said += text;
  });
  child.stderr.on("data", (text) => {
    wrong += text;
  });
  return new Promise((resolve) => {
    child.once("close", (status) => {
      clearTimeout(timer);
      const lines = said.split("\n").filter((line) => line.startsWith('{"check"'));
      const found = lines.map((line) => JSON.parse(line));
      const why = `ended with ${status}: ${wrong.trim().slice(-500)}`;
      if (status !== 0) found.push({ check: CHECKS[found.length] ?? "error", failure: why });
      resolve(found);
    });
  });
}
