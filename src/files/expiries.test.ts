import { describe, expect, test } from "vitest";
import { Expiries } from "./expiries.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function setUp() {
  const clock = { wall: 1000 * DAY, elapsed: 0 };
  const expiries = new Expiries({ now: () => clock.wall, elapsed: () => clock.elapsed });
  const pass = (ms: number): void => {
    clock.wall += ms;
    clock.elapsed += ms;
  };
  return { clock, expiries, pass };
}

describe("a record", () => {
  test("expires and is removable when its time has passed", () => {
    const { expiries, pass } = setUp();
    expiries.start("a", DAY);
    pass(DAY - 1);
    expect([expiries.isOver("a"), expiries.isRemovable("a")]).toEqual([false, false]);
    pass(1);
    expect([expiries.isOver("a"), expiries.isRemovable("a")]).toEqual([true, true]);
  });

  test.each([3 * DAY, -3 * DAY, 400 * DAY])("a clock set by %i ms changes nothing", (jump) => {
    const { clock, expiries, pass } = setUp();
    expiries.start("a", DAY);
    clock.wall += jump;
    pass(DAY - 1);
    expect(expiries.isOver("a")).toBe(false);
    pass(1);
    expect(expiries.isRemovable("a")).toBe(true);
  });

  test("of an earlier process lives for the rest of its time, and no longer", () => {
    const { clock, expiries, pass } = setUp();
    expiries.resume("a", clock.wall + HOUR, DAY);
    expiries.resume("b", clock.wall + 90 * DAY, DAY); // the clock was set back meanwhile
    pass(HOUR);
    expect([expiries.isOver("a"), expiries.isOver("b")]).toEqual([true, false]);
    pass(DAY);
    expect(expiries.isOver("b")).toBe(true);
  });

  test("that is expired at start is hidden, and kept while the clock may be wrong", () => {
    const { clock, expiries, pass } = setUp();
    const expiresMs = clock.wall + HOUR;
    clock.wall += 3 * DAY;
    expiries.resume("a", expiresMs, DAY);
    expect([expiries.isOver("a"), expiries.isRemovable("a")]).toEqual([true, false]);
    clock.wall -= 3 * DAY; // the operator sets the clock right
    expect(expiries.isOver("a")).toBe(false);
    pass(HOUR);
    expect([expiries.isOver("a"), expiries.isRemovable("a")]).toEqual([true, true]);
  });

  test("that is unknown is over", () => {
    const { expiries } = setUp();
    expiries.start("a", DAY);
    expiries.forget("a");
    expect([expiries.isOver("a"), expiries.isRemovable("a")]).toEqual([true, true]);
  });
});
