import { afterEach, expect, test } from "vitest";
import { VireoError } from "../core/errors.ts";
import { WorkerLane } from "./worker-lane.ts";

const SERVE = new URL("../../dist/threads/worker-lane.js", import.meta.url);
const ERRORS = new URL("../../dist/core/errors.js", import.meta.url);
const CLOSED = new VireoError("engine_closed", "closed");

/** Doubles numbers, counts bytes, refuses strings, and dies of null. */
const WORKER = `
  import { serveTasks } from ${JSON.stringify(SERVE.href)};
  import { VireoError } from ${JSON.stringify(ERRORS.href)};
  serveTasks((command) => {
    if (command === null) throw new Error("this ends the thread");
    if (typeof command === "number") return command * 2;
    if (command instanceof Uint8Array) return command.length;
    throw new VireoError("out_of_range", "no " + command, {
      param: "x", metadata: { limit: 3 }, retryAfterMs: 7, cause: new Error("why"),
    });
  });
`;

const lanes: WorkerLane<unknown, unknown>[] = [];
afterEach(() => Promise.all(lanes.splice(0).map((lane) => lane.close(CLOSED))));

function open(maxWaitingCost = 100): WorkerLane<unknown, unknown> {
  const lane = new WorkerLane<unknown, unknown>({
    module: new URL(`data:text/javascript,${encodeURIComponent(WORKER)}`),
    maxMemoryBytes: 64 * 1024 * 1024,
    maxWaitingCost,
    things: "numbers",
    unit: "numbers",
    param: "n",
  });
  lanes.push(lane);
  return lane;
}

const turn = { tenant: "a" };

test("values come back in order, and buffers move", async () => {
  const lane = open();
  const bytes = new Uint8Array(1000);
  const results = [1, 2, 3].map((n) => lane.run(n, turn));
  expect(await Promise.all(results)).toEqual([2, 4, 6]);
  expect(await lane.run(bytes, { ...turn, transfer: [bytes.buffer] })).toBe(1000);
  expect(bytes.length).toBe(0);
});

test("a VireoError comes back whole", async () => {
  const thrown = await open()
    .run("text", turn)
    .catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(VireoError);
  const { code, message, param, metadata, retryAfterMs, cause } = thrown as VireoError;
  expect({ code, message, param, metadata, retryAfterMs }).toEqual({
    code: "out_of_range",
    message: "no text",
    param: "x",
    metadata: { limit: 3 },
    retryAfterMs: 7,
  });
  expect(cause).toMatchObject({ message: "why" });
});

test("if the thread dies its task fails, and the next task gets another thread", async () => {
  const lane = open();
  const [dead, next] = await Promise.allSettled([lane.run(null, turn), lane.run(4, turn)]);
  expect(dead).toMatchObject({ reason: { code: "internal_error", param: "n" } });
  expect(next).toMatchObject({ value: 8 });
});

test("a tenant may let its share wait", async () => {
  const lane = open(10);
  const results = await Promise.allSettled(
    Array.from({ length: 12 }, () => lane.run(1, { ...turn, cost: 2 })),
  );
  const refused = results.filter(({ status }) => status === "rejected");
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(12);
  expect(refused[0]).toMatchObject({ reason: { code: "queue_full" } });
});

test("many tasks may wait without a warning about listeners", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): unknown => warnings.push(warning);
  process.on("warning", note);
  const lane = open();
  await Promise.all(Array.from({ length: 20 }, () => lane.run(1, turn)));
  await new Promise(setImmediate);
  process.off("warning", note);
  expect(warnings).toEqual([]);
});

test("a task that waits ends with its signal, and all end with the lane", async () => {
  const lane = open();
  const gone = new AbortController();
  const running = lane.run(1, turn);
  const waiting = lane.run(2, { ...turn, signal: gone.signal });
  const other = lane.run(3, turn);
  gone.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  expect(await running).toBe(2);
  const late = Promise.allSettled([other, lane.run(4, turn)]);
  await lane.close(CLOSED);
  expect((await late)[1]).toMatchObject({ reason: CLOSED });
  await expect(lane.run(5, turn)).rejects.toBe(CLOSED);
});
