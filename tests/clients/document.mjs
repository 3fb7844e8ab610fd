// docs/clients.md, made of the roster and of what the checks found.

import { readFileSync, writeFileSync } from "node:fs";
import { CHECKS } from "./roster.mjs";

const FILE = new URL("../../docs/clients.md", import.meta.url);

export function writeDocument(rows) {
  writeFileSync(FILE, document(rows));
}

/** The file says what these rows say. */
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

Each of these was run against the server; \`npm run test:clients\` does it again, with the versions
named here, and writes this page with \`-- --write\`. It needs npm's registry once; after that it
works without a network. The server's answers are scripted there, so that each check looks at what
the model was shown and at what the client made of the answer.

| client | version | ${CHECKS.join(" | ")} |
| --- | --- | ${CHECKS.map(() => "---").join(" | ")} |
${table.join("\n")}

- *second turn*: the client sends its first answer back in its own way; the model must see it.
- *tools*: a call comes, the client runs the tool and sends the result, the model answers with it.
- *error*: a prompt that is too long must reach the program as the client's own error with status
  400 and our sentence.
- –: not checked apart. opencode, Continue and Codex always stream, promptfoo never; run without a
  terminal, Continue sends no files and Codex only pictures.
${notes.map((note, at) => `- ${at + 1}: ${note}\n`).join("")}
## How to point each at a server

For \`vireo serve\` on its own port; MODEL is a name that \`GET /v1/models\` lists. Where the server
asks for a key, it stands in place of \`none\`.
${rows.filter(isFirst).map(setUp).join("")}`;
}

function isFirst({ lines }, at, rows) {
  return rows.findIndex((other) => other.lines.join() === lines.join()) === at;
}

function setUp({ name, language = "js", file, lines }) {
  const where = file ? `${file}:\n\n` : "";
  return `\n### ${name}\n\n${where}\`\`\`${language}\n${lines.join("\n")}\n\`\`\`\n`;
}
