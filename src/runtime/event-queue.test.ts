import { expect, test } from "vitest";
import { LIMITS } from "../core/limits.ts";
import { EventQueue } from "./event-queue.ts";

test("what was pushed is read in order, before and after the end", async () => {
  const queue = new EventQueue<number>();
  queue.push(1);
  const read: number[] = [];
  const reading = (async () => {
    for await (const event of queue) read.push(event);
  })();
  await Promise.resolve();
  queue.push(2);
  queue.end();
  queue.push(3);
  await reading;
  expect(read).toEqual([1, 2]);
});

test("who does not read is cut off and holds no memory", async () => {
  const queue = new EventQueue<number>();
  for (let i = 0; i < LIMITS.queue.unreadEvents; i++) queue.push(i);
  expect(queue.abandoned).toBe(false);
  queue.push(0);
  expect(queue.abandoned).toBe(true);
  const next = queue[Symbol.asyncIterator]().next();
  await expect(next).rejects.toMatchObject({ code: "client_too_slow" });
});
