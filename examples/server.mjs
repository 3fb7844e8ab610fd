// Serves a checkpoint over HTTP with the OpenAI protocol.
//   node examples/server.mjs [checkpoint folder] [port]
import { fileURLToPath } from "node:url";
import { listen, open } from "vireo";

const mini = fileURLToPath(new URL("../models/mini", import.meta.url));
const [folder = mini, port = "8000"] = process.argv.slice(2);

const log = (level, event, fields) => console.error(level, event, fields ?? "");
const upstream = await open(folder, { log });
const server = await listen({ upstream, log, host: "127.0.0.1", port: Number(port) });
console.log(`${upstream.models[0].id} at ${server.url}/v1`);

async function stop() {
  await server.close();
  await upstream.close();
}
process.once("SIGINT", stop);
process.once("SIGTERM", stop);
