// Writes docs/clients.md from the list of clients and the results of the checks.

import { readFileSync, writeFileSync } from "node:fs";
import { CHECKS } from "./roster.mjs";

const FILE = new URL("../../docs/clients.md", import.meta.url);

export function writeDocument(rows) {
  writeFileSync(FILE, document(rows));
}

/** Tells whether the file is up to date with the rows. */
export function checkDocument(rows) {
  try {
    return readFileSync(FILE, "utf8") === document(rows);
  } catch {
    return false;
  }
}

function document(rows) {
  const notes = [];
  const cell = (one) => {
    if (one === undefined) return "–";
    if (one.failure) return "no";
    if (!one.note) return "yes";
    if (!notes.includes(one.note)) notes.push(one.note);
    return `yes ${notes.indexOf(one.note) + 1}`;
  };
  const table = rows.map(
    ({ name, version, results }) => `| ${name} | ${version} | ${results.map(cell).join(" | ")} |`,
  );
  return `# Clients

We tested each of these clients against the server. \`npm run test:clients\` repeats the tests with
the versions named here, and with \`-- --write\` it writes this page. It needs npm's registry once
and then works offline. In these tests the server's answers are scripted. Each check compares the
prompt that the model gets, and the result that the client returns to its caller.

| client | version | ${CHECKS.join(" | ")} |
| --- | --- | ${CHECKS.map(() => "---").join(" | ")} |
${table.join("\n")}

- *second turn*: the client sends the first answer back in its own format; the model must see it.
- *tools*: the model calls a tool, the client runs it and sends the result, and the model answers.
- *error*: if a prompt is too long, the program must get the client's own error with status 400
  and the server's message.
- –: not tested separately. opencode, Continue and Codex always stream; promptfoo never does.
  Without a terminal, Continue sends no files and Codex only pictures.
${notes.map((note, at) => `- ${at + 1}: ${note}\n`).join("")}
## Configuration

The examples are for \`vireo serve\` on its default port. MODEL is a name that \`GET /v1/models\`
lists. If the server requires a key, put it in place of \`none\`.
${rows.filter(isFirst).map(setUp).join("")}`;
}

function isFirst({ lines }, at, rows) {
  return rows.findIndex((other) => other.lines.join() === lines.join()) === at;
}

function setUp({ name, language = "js", file, lines }) {
  const where = file ? `${file}:\n\n` : "";
  return `\n### ${name}\n\n${where}\`\`\`${language}\n${lines.join("\n")}\n\`\`\`\n`;
}
