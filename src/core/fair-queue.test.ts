import { describe, expect, test } from "vitest";
import { FairOrder, type Waiting } from "./fair-order.ts";
import { FairQueue } from "./fair-queue.ts";
import { isWithinShare } from "./fair-share.ts";

/** Deterministic numbers in [0, 1). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function takeNext<T>(order: FairOrder<T>): T | undefined {
  const next = order.next();
  if (next) order.take(next);
  return next?.item;
}

interface Arrival {
  readonly at: number;
  readonly tenant: string;
  readonly cost: number;
}

interface Served extends Arrival {
  readonly begun: number;
}

/** Serves arrivals in simulated time, one unit of cost per unit of time in each slot. */
function simulate(arrivals: readonly Arrival[], slots = 1): Served[] {
  const order = new FairOrder<Arrival>();
  const coming = [...arrivals].sort((a, b) => a.at - b.at);
  const endsAt = Array.from({ length: slots }, () => 0);
  const served: Served[] = [];
  while (coming.length > 0 || order.size > 0) {
    const slot = endsAt.indexOf(Math.min(...endsAt));
    const next = coming[0];
    const now = order.size > 0 ? endsAt[slot]! : Math.max(endsAt[slot]!, next!.at);
    while (coming[0] !== undefined && coming[0].at <= now) {
      const arrival = coming.shift()!;
      order.push(arrival, arrival);
    }
    const chosen = takeNext(order)!;
    served.push({ ...chosen, begun: now });
    endsAt[slot] = now + chosen.cost;
  }
  return served;
}

function heavyTenants(cost: () => number): Arrival[] {
  return Array.from({ length: 7 * 200 }, (_, i) => {
    return { at: 0, tenant: `heavy ${i % 7}`, cost: cost() };
  });
}

describe("1 light and 7 heavy tenants", () => {
  test.each([
    ["equal units", () => 1],
    ["units of many sizes", createRandom(3)],
  ])("the light one waits for at most one unit of work: %s", (_, random: () => number) => {
    const cost = () => 0.01 + 0.99 * random();
    const heavy = heavyTenants(cost);
    // a twentieth of the capacity: less than its share, which is an eighth
    const light = Array.from({ length: 30 }, (_, i) => {
      return { at: 0.5 + 20 * i, tenant: "light", cost: cost() };
    });
    const waits = simulate([...heavy, ...light])
      .filter(({ tenant }) => tenant === "light")
      .map(({ at, begun }) => begun - at);
    expect(waits).toHaveLength(30);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1);
  });

  test("a steady stream of small work passes large work", () => {
    const order = new FairOrder<string>();
    for (let i = 0; i < 70; i++) order.push("large", { tenant: `heavy ${i % 7}`, cost: 49 });
    for (let i = 0; i < 40; i++) {
      order.push("small", { tenant: "light", cost: 1 });
      expect(takeNext(order)).toBe("small");
    }
  });

  test("tenants that are always busy get equal shares of every slot", () => {
    const random = createRandom(5);
    const served = simulate(
      heavyTenants(() => 0.1 + random()),
      3,
    );
    const used = new Map<string, number>();
    for (const { tenant, cost, begun } of served) {
      if (begun < 100) used.set(tenant, (used.get(tenant) ?? 0) + cost);
    }
    const shares = [...used.values()];
    expect(shares).toHaveLength(7);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(2 * 1.1);
  });
});

describe("FairOrder", () => {
  test("requests of one tenant take turns", () => {
    const order = new FairOrder<string>();
    const [first, second] = [{}, {}];
    for (const item of ["a1", "a2", "a3"]) order.push(item, { tenant: "t", request: first });
    for (const item of ["b1", "b2"]) order.push(item, { tenant: "t", request: second });
    const taken = Array.from({ length: 5 }, () => takeNext(order));
    expect(taken).toEqual(["a1", "b1", "a2", "b2", "a3"]);
    expect(takeNext(order)).toBeUndefined();
  });

  test("an idle tenant saves up nothing", () => {
    const order = new FairOrder<string>();
    for (let i = 0; i < 50; i++) order.push("a", { tenant: "a" });
    for (let i = 0; i < 40; i++) takeNext(order);
    for (let i = 0; i < 10; i++) order.push("b", { tenant: "b" });
    const taken = Array.from({ length: 20 }, () => takeNext(order)).join("");
    expect(taken).toMatch(/^b(ab|ba)*a*$/);
  });

  test("random arrivals and departures: nothing is lost, counts are exact, shares are even", () => {
    const random = createRandom(11);
    const order = new FairOrder<number>();
    const waiting = new Map<number, Waiting<number>>();
    for (let id = 0; id < 20_000; id++) {
      const what = random();
      if (what < 0.5) {
        const tenant = `t${Math.floor(random() * 9)}`;
        const request = { tenant };
        waiting.set(id, order.push(id, { tenant, request, cost: 0.1 + random() }));
      } else if (what < 0.85) {
        const taken = takeNext(order);
        expect(taken === undefined).toBe(waiting.size === 0);
        if (taken !== undefined) expect(waiting.delete(taken)).toBe(true);
      } else {
        const [some] = waiting;
        if (some === undefined) continue;
        expect(order.remove(some[1])).toBe(true);
        expect(order.remove(some[1])).toBe(false);
        waiting.delete(some[0]);
      }
      expect(order.size).toBe(waiting.size);
    }
    const cost = [...waiting.values()].reduce((sum, entry) => sum + entry.cost, 0);
    expect(order.waitingCost).toBeCloseTo(cost, 6);
    while (takeNext(order) !== undefined);
    expect(order.waitingCost).toBe(0);
  });
});

test("a tenant may occupy as many places as are left free", () => {
  const held = [0, 0, 0];
  const fill = (tenant: number) => {
    const used = () => held.reduce((sum, own) => sum + own, 0);
    while (isWithinShare(held[tenant]! + 1, used() + 1, 512)) held[tenant]! += 1;
  };
  fill(0);
  fill(1);
  fill(2);
  expect(held).toEqual([256, 128, 64]);
});

/** A task that ends on demand. */
function createTask() {
  let finish = (): void => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { run: () => done, finish: () => finish() };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("FairQueue", () => {
  const options = { things: "pictures", unit: "megapixels", maxWaitingCost: 100 };

  test("runs one task per slot, and one more for a tenant without a running task", async () => {
    const queue = new FairQueue({ ...options, slots: 2, reservedSlots: 1 });
    const begun: string[] = [];
    const tasks = ["a", "a", "a", "b", "b"].map((tenant, index) => {
      const task = createTask();
      const done = queue.run({ tenant }, () => {
        begun.push(`${tenant}${index}`);
        return task.run();
      });
      return { ...task, done };
    });
    await settle();
    expect(begun).toEqual(["a0", "a1", "b3"]);
    expect(queue.waiting).toBe(2);
    expect(queue.isWanted("a")).toBe(true);
    tasks[3]!.finish();
    await settle();
    expect(begun).toEqual(["a0", "a1", "b3", "b4"]); // the reserved slot is not for a
    tasks[0]!.finish();
    await settle();
    expect(begun).toEqual(["a0", "a1", "b3", "b4", "a2"]);
    for (const task of tasks) task.finish();
    await Promise.all(tasks.map(({ done }) => done));
    expect(queue.waiting).toBe(0);
  });

  test("bounds the cost of running tasks; small tasks of others pass a large one", async () => {
    const bounds = { slots: 4, maxRunningCost: 50, reservedSlots: 1, maxReservedCost: 10 };
    const queue = new FairQueue({ ...options, ...bounds, maxWaitingCost: 1000 });
    const begun: string[] = [];
    const queued = (tenant: string, cost: number) => {
      const task = createTask();
      const done = queue.run({ tenant, cost }, () => {
        begun.push(`${tenant}${cost}`);
        return task.run();
      });
      return { ...task, done };
    };
    const tasks = [queued("a", 20), queued("a", 20), queued("a", 20)];
    tasks.push(queued("b", 60), queued("c", 11), queued("d", 9));
    await settle();
    expect(begun).toEqual(["a20", "a20", "d9"]);
    for (let i = 0; i < 12; i++) {
      for (const task of tasks) task.finish();
      await settle();
    }
    await Promise.all(tasks.map(({ done }) => done));
    expect([...begun].sort()).toEqual(["a20", "a20", "a20", "b60", "c11", "d9"]);
  });

  test("drops a client that leaves, frees the slot of a task that fails", async () => {
    const queue = new FairQueue({ ...options, slots: 1 });
    const first = createTask();
    const running = queue.run({ tenant: "a" }, first.run);
    const client = new AbortController();
    const left = queue.run({ tenant: "b", signal: client.signal }, async () => "ran");
    expect(queue.waiting).toBe(1);
    client.abort(new Error("left"));
    expect(queue.waiting).toBe(0);
    await expect(left).rejects.toThrow("left");
    first.finish();
    await running;
    const failing = queue.run({ tenant: "a" }, () => Promise.reject(new Error("broken")));
    await expect(failing).rejects.toThrow("broken");
    await expect(queue.run({ tenant: "a" }, async () => "next")).resolves.toBe("next");
    const late = queue.run({ tenant: "a", signal: client.signal }, async () => "ran");
    await expect(late).rejects.toThrow("left");
  });

  test("does not begin a task that is aborted as its turn comes, and frees its slot", async () => {
    const queue = new FairQueue({ ...options, slots: 1 });
    const client = new AbortController();
    let begun = false;
    const task = queue.run({ tenant: "a", signal: client.signal }, async () => {
      begun = true;
    });
    client.abort(new Error("left"));
    await expect(task).rejects.toThrow("left");
    expect(begun).toBe(false);
    await expect(queue.run({ tenant: "a" }, async () => "next")).resolves.toBe("next");
  });

  test("refuses work beyond a tenant's share and leaves room for others", async () => {
    let ms = 0;
    const queue = new FairQueue({ ...options, slots: 1, now: () => ms });
    const timed = createTask();
    const measured = queue.run({ tenant: "a", cost: 10 }, timed.run);
    await settle();
    ms = 4000;
    timed.finish();
    await measured;
    const task = createTask();
    const running = queue.run({ tenant: "a", cost: 50 }, task.run);
    const waiting = queue.run({ tenant: "a", cost: 50 }, async () => {});
    await expect(queue.run({ tenant: "a", cost: 1 }, async () => {})).rejects.toMatchObject({
      code: "queue_full",
      message: expect.stringContaining("50 megapixels of your pictures are waiting"),
      retryAfterMs: 20_000,
      metadata: { share: 50, limit: 100 },
    });
    const other = queue.run({ tenant: "b", cost: 25 }, async () => {});
    task.finish();
    await Promise.all([running, waiting, other]);
  });
});
