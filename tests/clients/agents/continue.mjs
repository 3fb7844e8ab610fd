// Continue's command line, by `cn --print`.

import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { MODEL, QUESTION, SECOND, TOO_LONG, URL } from "../sdks/checks.mjs";
import { openHome, run, runProgramChecks } from "./command.mjs";

const program = createRequire(import.meta.url).resolve("@continuedev/cli/dist/cn.js");
const home = await openHome();
const config = join(home, "config.yaml");
const model = { name: "vireo", provider: "openai", model: MODEL, apiBase: `${URL}/v1` };
const more = { apiKey: "none", roles: ["chat"], capabilities: ["tool_use", "image_input"] };
const models = [{ ...model, ...more }];
// JSON is valid YAML.
await writeFile(config, JSON.stringify({ name: "vireo", version: "1.0.0", schema: "v1", models }));

const cn = (...args) =>
  run(process.execPath, [program, "--config", config, "--print", ...args], home, {
    CONTINUE_TELEMETRY_ENABLED: "0",
    CONTINUE_CLI_ENABLE_TELEMETRY: "0",
  });
const read = JSON.stringify({ filepath: join(home, "note.txt") });

await runProgramChecks(
  {
    answer: () => cn(QUESTION),
    "second turn": () => cn("--resume", SECOND),
    tools: () => cn("--auto", `Please use the tool Read with ${read}`),
    error: () => cn(TOO_LONG),
  },
  home,
);
