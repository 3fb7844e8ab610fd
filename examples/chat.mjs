// Asks a question and streams the answer.
//   node examples/chat.mjs ["question"] [checkpoint folder]
import { fileURLToPath } from "node:url";
import { open } from "vireo";

const mini = fileURLToPath(new URL("../models/mini", import.meta.url));
const [question = "Why is the sky blue?", folder = mini] = process.argv.slice(2);

const engine = await open(folder);
const events = engine.chat({
  messages: [{ role: "user", content: question }],
  sampling: { temperature: 0.6, topP: 0.95, seed: 1n },
  maxTokens: 64,
  reasoning: { enabled: false },
});
for await (const event of events) {
  if (event.type === "text") process.stdout.write(event.text);
  if (event.type === "end") {
    const { promptTokens, completionTokens } = event.usage;
    process.stdout.write(`\n(${promptTokens} prompt tokens, ${completionTokens} generated)\n`);
  }
}
await engine.close();
