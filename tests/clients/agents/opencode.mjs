// opencode, by `opencode run`.

import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { MODEL, PDF, PICTURE, QUESTION, SECOND, TOO_LONG, URL } from "../sdks/checks.mjs";
import { openHome, run, runProgramChecks } from "./command.mjs";

const { platform, arch } = process;
const binary = `opencode-${platform}-${arch}/bin/opencode`;
const program = createRequire(import.meta.url).resolve(binary);
const home = await openHome();
const config = join(home, "opencode.json");
await writeFile(join(home, "invoice.png"), PICTURE);
await writeFile(join(home, "invoice.pdf"), PDF);
await writeFile(
  config,
  JSON.stringify({
    autoupdate: false,
    share: "disabled",
    provider: {
      vireo: {
        npm: "@ai-sdk/openai-compatible",
        options: { baseURL: `${URL}/v1`, apiKey: "none" },
        models: {
          [MODEL]: {
            attachment: true,
            modalities: { input: ["text", "image", "pdf"], output: ["text"] },
          },
        },
      },
    },
    model: `vireo/${MODEL}`,
    small_model: `vireo/${MODEL}`,
  }),
);
const opencode = (...args) =>
  run(program, ["run", ...args], home, {
    OPENCODE_CONFIG: config,
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_AUTOUPDATE: "1",
  });
const read = JSON.stringify({ filePath: join(home, "note.txt") });

await runProgramChecks(
  {
    answer: () => opencode(QUESTION),
    "second turn": () => opencode("--continue", SECOND),
    tools: () => opencode("--auto", `Please use the tool read with ${read}`),
    picture: () => opencode(QUESTION, "--file", join(home, "invoice.png")),
    PDF: () => opencode(QUESTION, "--file", join(home, "invoice.pdf")),
    error: () => opencode(TOO_LONG),
  },
  home,
);
