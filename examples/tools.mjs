// Lets the model call a function, runs the function, and sends the result back to the model.
//   node examples/tools.mjs [checkpoint folder]
import { fileURLToPath } from "node:url";
import { open } from "vireo";

const mini = fileURLToPath(new URL("../models/mini", import.meta.url));
const [folder = mini] = process.argv.slice(2);

const weather = { oslo: "rain, 9 °C", lima: "sun, 24 °C" };
const tool = {
  name: "get_weather",
  description: "The weather in a city now",
  parameters: {
    type: "object",
    properties: { city: { enum: Object.keys(weather) } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: true,
};

const engine = await open(folder);
const question = { role: "user", content: "Do I need an umbrella?" };
const common = { tools: [tool], maxTokens: 100, reasoning: { enabled: false } };
const sampling = { temperature: 1, seed: 3n };

const calls = [];
const request = { ...common, messages: [question], toolChoice: "required", sampling };
for await (const event of engine.chat({ ...request, parallelToolCalls: false })) {
  if (event.type === "tool_call") calls.push({ name: event.name, arguments: event.arguments });
}
const [call] = calls;
const { city } = JSON.parse(call.arguments);
console.log(`${call.name}(${city}) → ${weather[city]}`);

const messages = [
  question,
  { role: "assistant", content: "", toolCalls: calls },
  { role: "tool", content: JSON.stringify({ weather: weather[city] }) },
];
for await (const event of engine.chat({ ...common, messages, toolChoice: "none", sampling })) {
  if (event.type === "text") process.stdout.write(event.text);
}
process.stdout.write("\n");
await engine.close();
