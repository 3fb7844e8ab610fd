import { afterEach, expect, test, vi } from "vitest";
import { ChildGroup } from "./child-group.ts";
import { restartDelayMs, Supervisor } from "./supervisor.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

test("the first restart is immediate, later ones of a failing process wait longer", () => {
  const delays = [0, 1, 2, 3, 7, 50].map(restartDelayMs);
  expect(delays).toEqual([0, 250, 500, 1000, 10_000, 10_000]);
});

test("a process that ends is started again until the supervisor is closed", async () => {
  const ends: (number | undefined)[] = [];
  const supervisor = new Supervisor({
    start: () => ChildGroup.spawn([process.execPath, "-e", "process.exit(3)"], { stdio: "ignore" }),
    onStart: () => {},
    onEnd: ({ status }) => ends.push(status),
  });
  await expect.poll(() => ends.length, { timeout: 20_000 }).toBeGreaterThan(2);
  await supervisor.close();
  const { restarts } = supervisor;
  expect(restarts).toBeGreaterThan(1);
  expect(ends.slice(0, 2)).toEqual([3, 3]);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(supervisor.restarts).toBe(restarts);
});

test("a process that ran for long is started again at once", async () => {
  let nowMs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    nowMs += 60_000;
    return nowMs;
  });
  const timers = vi.spyOn(globalThis, "setTimeout");
  let ends = 0;
  const supervisor = new Supervisor({
    start: () => ChildGroup.spawn([process.execPath, "-e", ""], { stdio: "ignore" }),
    onStart: () => {},
    onEnd: () => {
      ends += 1;
    },
  });
  await vi.waitFor(() => expect(ends).toBeGreaterThan(2), { timeout: 20_000 });
  await supervisor.close();
  const restarts = timers.mock.calls.filter(([callback]) => callback.name === "again");
  expect(restarts.length).toBeGreaterThan(1);
  expect(restarts.map(([, delayMs]) => delayMs)).toEqual(restarts.map(() => 0));
});

test("a program that cannot be started counts as ended", async () => {
  let ends = 0;
  const supervisor = new Supervisor({
    start: () => ChildGroup.spawn(["/no/such/program"], { stdio: "ignore" }),
    onStart: () => {},
    onEnd: () => {
      ends += 1;
    },
  });
  await expect.poll(() => ends, { timeout: 20_000 }).toBeGreaterThan(1);
  await supervisor.close();
});
