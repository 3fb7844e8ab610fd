import { connect } from "node:net";
import { expect, test } from "vitest";
import { listen } from "../../src/server/listen.ts";
import { createFakeUpstream } from "./fake-upstream.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("a process that was blocked does not mistake its own delay for a slow client", async () => {
  const upstream = createFakeUpstream();
  const server = await listen({ upstream, log: () => {}, host: "127.0.0.1", port: 0 });
  const socket = connect(server.port, "127.0.0.1");
  let answer = "";
  socket.on("data", (data) => {
    answer += data;
  });
  const over = new Promise((resolve) => socket.once("close", resolve));
  socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\n");
  await pause(200);
  await new Promise(setImmediate); // After this turn's reads; the server checks its clock next.
  socket.write("Connection: close\r\n\r\n"); // This stays unread.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 11_000);
  await over;
  await server.close();
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
}, 30_000);
