// A thread that sends small chats to a server, as the other client. It has an event loop of its
// own, because that of the hostile client is busy with large bodies.

import { parentPort, workerData } from "node:worker_threads";
import { closeConnections, send } from "./server.mjs";

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const smallChat = (text) => ({
  method: "POST",
  path: "/v1/chat/completions",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ messages: [{ role: "user", content: text }], max_tokens: 4 }),
});

async function ask({ port, durationMs }) {
  const until = performance.now() + durationMs;
  const times = [];
  for (let count = 0; performance.now() < until; count++) {
    const failed = { ms: Number.POSITIVE_INFINITY };
    const { ms } = await send({ port }, smallChat(`Hello ${count}`)).catch(() => failed);
    times.push(ms);
    await pause(20);
  }
  closeConnections();
  return times;
}

parentPort.postMessage(await ask(workerData));
