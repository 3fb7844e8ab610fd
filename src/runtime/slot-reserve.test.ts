import { describe, expect, test } from "vitest";
import { pagesFrom, SlotReserve } from "./slot-reserve.ts";

const owned = (tenants: string) => [...tenants].map((tenant, at) => ({ tenant, at }));

describe("SlotReserve", () => {
  test("a tenant without a slot gets the youngest one of the tenant with the most", () => {
    const reserve = new SlotReserve();
    const running = owned("aabba");
    expect(reserve.choose(owned("ac"), running, false, 0)).toBe(running[4]);
    expect(reserve.choose(owned("c"), owned("abbb"), false, 0)?.at).toBe(3);
  });

  test.each([
    ["there is room", "c", "aabb", true],
    ["those who wait have slots", "ab", "aabb", false],
    ["nobody waits", "", "aabb", false],
    ["every tenant has one", "c", "ab", false],
  ])("nobody loses a slot where %s", (_, waiting, running, hasRoom) => {
    const reserve = new SlotReserve();
    expect(reserve.choose(owned(waiting), owned(running), hasRoom, 0)).toBeUndefined();
  });

  test("keeps the freed slot for two seconds for tenants without one", () => {
    const reserve = new SlotReserve();
    const [busy, other] = [{ tenant: "a" }, { tenant: "c" }];
    expect(reserve.keeps(busy, owned("aab"), 1, 0)).toBe(false);
    reserve.choose(owned("c"), owned("aaab"), false, 100);
    expect(reserve.keeps(busy, owned("aab"), 1, 2099)).toBe(true);
    expect(reserve.keeps(other, owned("aab"), 1, 2099)).toBe(false);
    expect(reserve.keeps(busy, owned("aab"), 2, 2099)).toBe(false);
    expect(reserve.keeps(busy, owned("aab"), 1, 2100)).toBe(false);
  });
});

test.each([
  ["the youngest of the tenant with the most", "a4 b9 b9 c1", 2],
  ["never the oldest, even of the tenant with the most", "a9 b3 c1", 1],
  ["the oldest's tenant, if it has a younger one", "a9 b3 a1", 2],
  ["the only one", "a9", 0],
])("pages are taken from %s", (_, text, victim) => {
  const running = text.split(" ").map((one) => {
    return { tenant: one[0]!, pages: Array.from({ length: Number(one[1]) }, (_, page) => page) };
  });
  expect(pagesFrom(running)).toBe(running[victim]);
});
