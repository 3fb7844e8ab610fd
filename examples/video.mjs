// Asks about a video and drops 70 % of its tokens, the pruning rate of the published checkpoint.
//   node examples/video.mjs clip.mp4 ["question"] [checkpoint folder]
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { open, VireoError } from "vireo";

const tiny = fileURLToPath(new URL("../models/tiny", import.meta.url));
const [file, question = "What happens, and when?", folder = tiny] = process.argv.slice(2);
if (!file) throw new Error("usage: node examples/video.mjs clip.mp4");

const video = { type: "video", bytes: await readFile(file) };
const engine = await open(folder, { video: { fps: 2, maxFrames: 128, pruningRate: 0.7 } });
try {
  const request = {
    messages: [{ role: "user", content: [video, { type: "text", text: question }] }],
    maxTokens: 64,
  };
  const { videos } = await engine.estimate(request);
  for (const { frames, tokens, tokensUnpruned } of videos) {
    console.log(`(${frames.length} frames, ${tokens} of ${tokensUnpruned} tokens)`);
  }
  for await (const event of engine.chat(request)) {
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
