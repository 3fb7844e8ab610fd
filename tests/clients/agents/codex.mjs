// Codex, by `codex exec`.

import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { MODEL, PICTURE, QUESTION, SECOND, TOO_LONG, URL } from "../sdks/checks.mjs";
import { openHome, run, runProgramChecks } from "./command.mjs";

const program = createRequire(import.meta.url).resolve("@openai/codex/bin/codex.js");
const home = await openHome();
await mkdir(join(home, ".codex"));
await writeFile(join(home, "invoice.png"), PICTURE);
const provider = `{ name = "vireo", base_url = "${URL}/v1", wire_api = "responses" }`;
const lines = [
  `model = "${MODEL}"`,
  'model_provider = "vireo"',
  "check_for_update_on_startup = false",
  `model_providers.vireo = ${provider}`,
  "analytics.enabled = false",
];
await writeFile(join(home, ".codex", "config.toml"), lines.join("\n"));

const flags = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"];
const codex = (...args) => run(process.execPath, [program, "exec", ...args], home);
const read = JSON.stringify({ cmd: "cat note.txt" });

await runProgramChecks(
  {
    answer: () => codex(...flags, QUESTION),
    "second turn": () => codex("resume", "--last", ...flags, SECOND),
    tools: () => codex(...flags, `Please use the tool exec_command with ${read}`),
    picture: () => codex(...flags, QUESTION, "--image", join(home, "invoice.png")),
    error: () => codex(...flags, TOO_LONG),
  },
  home,
  {
    wanted: { error: /ran out of room in the model's context window/ },
    notes: { error: "Codex recognises the error code and shows its own message." },
  },
);
