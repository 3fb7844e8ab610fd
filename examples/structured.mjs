// Requests an answer that satisfies a JSON Schema. The grammar guarantees it for every model.
//   node examples/structured.mjs [checkpoint folder]
import { fileURLToPath } from "node:url";
import { open } from "vireo";

const mini = fileURLToPath(new URL("../models/mini", import.meta.url));
const [folder = mini] = process.argv.slice(2);

const schema = {
  type: "object",
  properties: {
    mood: { enum: ["calm", "stormy"] },
    stars: { type: "integer", minimum: 1, maximum: 5 },
    things: { type: "array", items: { enum: ["tree", "river", "bird"] }, minItems: 1, maxItems: 3 },
  },
  required: ["mood", "stars", "things"],
  additionalProperties: false,
};

const engine = await open(folder);
let json = "";
const events = engine.chat({
  messages: [{ role: "user", content: "Describe the evening by the river." }],
  output: { type: "json_schema", schema: JSON.stringify(schema) },
  sampling: { temperature: 1, seed: 7n },
  maxTokens: 200,
  reasoning: { enabled: false },
});
for await (const event of events) if (event.type === "text") json += event.text;
await engine.close();

console.log(JSON.parse(json));
