import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { closeStalledReaders, type ReaderBounds } from "./stalled-readers.ts";

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

const CHUNK = Buffer.alloc(1 << 20, 0x61);
const MIB_TOTAL = 64;

/** /large sends 64 MiB, /late answers after 300 ms. */
async function start(bounds: ReaderBounds): Promise<number> {
  const server = createServer((request, response) => {
    if (request.url === "/late") {
      setTimeout(() => response.end("late"), 300);
      return;
    }
    let sent = 0;
    const more = (): void => {
      while (sent < MIB_TOTAL && !response.destroyed) {
        sent += 1;
        if (!response.write(CHUNK)) return void response.once("drain", more);
      }
      response.end();
    };
    more();
  });
  closeStalledReaders(server, bounds);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function send(port: number, method: string, path: string): Socket {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => {});
  socket.write(`${method} ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  return socket;
}

const ended = (socket: Socket) =>
  new Promise<void>((resolve) => socket.once("close", () => resolve()));

/** Resolves when the server has no connection any more. */
async function noConnections(): Promise<void> {
  const [server] = servers;
  const count = () =>
    new Promise<number>((resolve) => server!.getConnections((_, n) => resolve(n)));
  while ((await count()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

test("a client that reads nothing loses its connection", async () => {
  const port = await start({ stalledMs: 100, answerMs: 60_000 });
  const socket = send(port, "POST", "/large");
  socket.pause();
  await new Promise((resolve) => socket.once("connect", resolve));
  await noConnections();
});

test("an answer that is computed for long is not a stalled reader", async () => {
  const port = await start({ stalledMs: 50, answerMs: 60_000 });
  const socket = send(port, "POST", "/late");
  let text = "";
  socket.on("data", (data) => {
    text += data;
    if (text.includes("late")) socket.end();
  });
  await ended(socket);
  expect(text).toContain("200 OK");
});

test("reading a little now and then does not keep an answer for ever", async () => {
  const port = await start({ stalledMs: 60_000, answerMs: 150 });
  const socket = send(port, "POST", "/large").pause();
  const trickle = setInterval(() => socket.read(10), 10);
  await new Promise((resolve) => socket.once("connect", resolve));
  await noConnections();
  clearInterval(trickle);
});

test("a slow download of a file goes on", async () => {
  const port = await start({ stalledMs: 60_000, answerMs: 50 });
  const socket = send(port, "GET", "/large").pause();
  await new Promise((resolve) => setTimeout(resolve, 300));
  let bytes = 0;
  socket.on("data", (data) => {
    bytes += data.length;
    if (bytes > MIB_TOTAL * CHUNK.length) socket.end();
  });
  socket.resume();
  await ended(socket);
  expect(bytes).toBeGreaterThan(MIB_TOTAL * CHUNK.length);
});
