import { expect, test } from "vitest";
import { ByteBudget } from "../core/byte-budget.ts";
import { LIMITS } from "../core/limits.ts";
import { EventQueue } from "./event-queue.ts";

test("events are read in order, before and after the end", async () => {
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

test("a consumer that does not read is cut off and holds no memory", async () => {
  const queue = new EventQueue<number>();
  for (let i = 0; i < LIMITS.queue.unreadEvents; i++) queue.push(i);
  expect(queue.abandoned).toBe(false);
  queue.push(0);
  expect(queue.abandoned).toBe(true);
  const next = queue[Symbol.asyncIterator]().next();
  await expect(next).rejects.toMatchObject({ code: "client_too_slow" });
});

function openBooked(options = { maxBytes: 1e9, maxTenantBytes: 1e9 }) {
  const budget = new ByteBudget({ ...options, contents: "unread events" });
  const open = (tenant = "a") =>
    new EventQueue<string>({ sizeOf: ({ length }) => length, booking: budget.take(tenant, 0) });
  return { budget, open };
}

test("unread bytes are bounded for one consumer, and returned when they are read", async () => {
  const { budget, open } = openBooked();
  const queue = open();
  const half = "x".repeat(LIMITS.queue.unreadEventBytes / 2);
  const reading = queue[Symbol.asyncIterator]();
  for (let i = 0; i < 5; i++) {
    queue.push(half);
    queue.push(half);
    expect(queue.abandoned).toBe(false);
    await reading.next();
    await reading.next();
    expect(budget.bytes).toBe(0);
  }
  for (let i = 0; i < 3; i++) queue.push(half);
  expect([queue.abandoned, budget.bytes]).toEqual([true, 0]);
  await expect(reading.next()).rejects.toMatchObject({ code: "client_too_slow" });
});

test("the queues of a tenant share its bytes, and others keep theirs", () => {
  const { budget, open } = openBooked({ maxBytes: 100, maxTenantBytes: 60 });
  const [first, second, other] = [open(), open(), open("b")];
  first.push("x".repeat(40));
  second.push("x".repeat(30));
  other.push("x".repeat(30));
  expect([first.abandoned, second.abandoned, other.abandoned]).toEqual([false, true, false]);
  first.close();
  expect(budget.bytes).toBe(30);
});
