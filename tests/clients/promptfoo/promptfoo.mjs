// promptfoo, by `promptfoo eval`: one evaluation per check.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openHome, run, runProgramChecks } from "../agents/command.mjs";
import {
  MODEL,
  PDF_URL,
  PICTURE_URL,
  QUESTION,
  SECOND,
  TOO_LONG,
  TOOL_QUESTION,
  URL,
  WEATHER,
} from "../sdks/checks.mjs";

const program = fileURLToPath(
  new globalThis.URL("node_modules/promptfoo/dist/src/main.js", import.meta.url),
);
const home = await openHome();
const user = (content) => ({ role: "user", content });
const text = { type: "text", text: QUESTION };

/** Returns the output or the error of the only test case. */
async function evaluate(messages, more = {}) {
  const config = { apiBaseUrl: `${URL}/v1`, apiKey: "none", ...more };
  const file = join(home, "promptfooconfig.json");
  const result = join(home, "result.json");
  await writeFile(join(home, "prompt.json"), JSON.stringify(messages));
  const providers = [{ id: `openai:chat:${MODEL}`, config }];
  await writeFile(
    file,
    JSON.stringify({ prompts: ["file://prompt.json"], providers, tests: [{ vars: {} }] }),
  );
  const args = [program, "eval", "--config", file, "--no-cache", "--no-table", "--output", result];
  const said = await run(process.execPath, args, home, {
    PROMPTFOO_DISABLE_TELEMETRY: "1",
    PROMPTFOO_DISABLE_UPDATE: "1",
    PROMPTFOO_DISABLE_REMOTE_GENERATION: "1",
  });
  const { results } = JSON.parse(await readFile(result, "utf8").catch(() => `{"said":"${said}"}`));
  const { response, error } = results.results[0];
  return response?.output ?? error ?? said;
}

const { name, description, schema: parameters } = WEATHER;
const tools = [{ type: "function", function: { name, description, parameters } }];

await runProgramChecks(
  {
    answer: () => evaluate([user(QUESTION)]),
    "second turn": async () => {
      const content = await evaluate([user(QUESTION)]);
      return await evaluate([user(QUESTION), { role: "assistant", content }, user(SECOND)]);
    },
    tools: async () => {
      const asked = [user(TOOL_QUESTION)];
      const tool_calls = await evaluate(asked, { tools });
      const { id } = tool_calls[0];
      const result = { role: "tool", tool_call_id: id, content: "the secret is 42" };
      const call = { role: "assistant", content: null, tool_calls };
      return await evaluate([...asked, call, result], { tools });
    },
    picture: () => evaluate([user([text, { type: "image_url", image_url: { url: PICTURE_URL } }])]),
    PDF: () => {
      const file = { filename: "invoice.pdf", file_data: PDF_URL };
      return evaluate([user([text, { type: "file", file }])]);
    },
    error: () => evaluate([user(TOO_LONG)]),
  },
  home,
);
