// A server with OpenAI's protocol that answers at once.
//   node scripts/gateways/stub.mjs PORT
// A streamed answer has `max_tokens` chunks; with 9999 it stays open after the first one.
import { createServer } from "node:http";

const STAYS_OPEN = 9999;
const USAGE = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
const BASE = { id: "chatcmpl-1", created: 1, model: "stub" };
const MODELS = JSON.stringify({
  object: "list",
  data: [{ id: "stub", object: "model", created: 1 }],
});
const ANSWER = JSON.stringify({
  ...BASE,
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello!" }, finish_reason: "stop" }],
  usage: USAGE,
});

function chunk(fields) {
  return `data: ${JSON.stringify({ ...BASE, object: "chat.completion.chunk", ...fields })}\n\n`;
}

function event(delta, finish_reason = null) {
  return chunk({ choices: [{ index: 0, delta, finish_reason }] });
}

const CHUNK = event({ content: "word " });
const LAST = `${event({}, "stop")}${chunk({ choices: [], usage: USAGE })}data: [DONE]\n\n`;

async function stream(response, chunks) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  if (chunks === STAYS_OPEN) {
    response.write(CHUNK);
    return;
  }
  for (let sent = 0; sent < chunks; sent++) {
    if (!response.write(CHUNK)) await new Promise((resolve) => response.once("drain", resolve));
    if (sent % 8 === 7) await new Promise(setImmediate);
  }
  response.end(LAST);
}

createServer((request, response) => {
  if (request.method === "GET") {
    response.writeHead(200, { "content-type": "application/json" }).end(MODELS);
    return;
  }
  const pieces = [];
  request.on("data", (piece) => pieces.length < 4 && pieces.push(piece));
  request.on("end", () => {
    const head = Buffer.concat(pieces).toString("latin1", 0, 4096);
    if (/"stream":\s*true/.test(head)) {
      void stream(response, Number(/"max_(?:completion_)?tokens":\s*(\d+)/.exec(head)?.[1] ?? 2));
    } else {
      response.writeHead(200, { "content-type": "application/json" }).end(ANSWER);
    }
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
