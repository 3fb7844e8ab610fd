// Asks about a picture.
//   node examples/image.mjs picture.png ["question"] [checkpoint folder]
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { open, VireoError } from "vireo";

const mini = fileURLToPath(new URL("../models/mini", import.meta.url));
const [picture, question = "What is in this picture?", folder = mini] = process.argv.slice(2);
if (!picture) throw new Error("usage: node examples/image.mjs picture.png");

const image = { type: "image", bytes: await readFile(picture) };
const engine = await open(folder);
try {
  const events = engine.chat({
    messages: [{ role: "user", content: [image, { type: "text", text: question }] }],
    maxTokens: 64,
  });
  for await (const event of events) {
    if (event.type === "start") console.log(`(the picture takes ${event.imageTokens} tokens)`);
    if (event.type === "text") process.stdout.write(event.text);
  }
  process.stdout.write("\n");
} catch (error) {
  if (!(error instanceof VireoError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await engine.close();
}
