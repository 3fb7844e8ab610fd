import { type ChildProcess, spawn } from "node:child_process";

/** A provider in a process of its own, which streams tokens without end. */
const PROGRAM = `
const { createServer } = require("node:http");
const server = createServer((request, response) => {
  request.resume();
  if (request.method === "GET") return response.end('{"data":[{"id":"m"}]}');
  response.writeHead(200, { "content-type": "text/event-stream" });
  const timer = setInterval(() => {
    const choices = [{ index: 0, delta: { content: "tick " }, finish_reason: null }];
    response.write("data: " + JSON.stringify({ choices }) + "\\n\\n");
  }, 10);
  response.on("close", () => clearInterval(timer));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

export interface ProviderProcess {
  readonly child: ChildProcess;
  readonly url: string;
}

export async function startProviderProcess(): Promise<ProviderProcess> {
  const child = spawn(process.execPath, ["-e", PROGRAM], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (text) => resolve(String(text).trim()));
    child.once("error", reject);
  });
  return { child, url: `http://127.0.0.1:${port}/v1` };
}
