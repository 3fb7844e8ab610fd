import { describe, expect, test } from "vitest";
import { Ledger } from "./ledger.ts";

const open = (quotaBytes = 1000, tenantQuotaBytes = 500) =>
  new Ledger({ quotaBytes, tenantQuotaBytes });
const full = expect.objectContaining({ code: "storage_full" });

describe("Ledger", () => {
  test("of uploads that come at once, those are accepted that fit together", () => {
    const ledger = open();
    const accepted = [300, 300, 200, 1].map((bytes) => {
      try {
        return ledger.reserve("a", bytes);
      } catch (error) {
        expect(error).toEqual(full);
        return undefined;
      }
    });
    expect(accepted.map(Boolean)).toEqual([true, false, true, false]);
    // what was accepted can be written to the end, in any order
    for (const bytes of [100, 100, 100]) accepted[0]!.add(bytes);
    for (const bytes of [50, 150]) accepted[2]!.add(bytes);
    expect(ledger.bytesOf("a")).toBe(500);
    expect(() => accepted[0]!.add(1)).toThrow(full);
    expect(() => ledger.reserve("a", 1)).toThrow("500 are used. Delete some");
  });

  test("tells what uploads have reserved, and reserves of the whole disk too", () => {
    const ledger = open();
    ledger.reserve("a", 400).add(100);
    expect(() => ledger.reserve("a", 101)).toThrow("100 are used and 300 are reserved by uploads");
    ledger.reserve("b", 500);
    ledger.reserve("c", 100);
    expect(() => ledger.reserve("c", 1)).toThrow("no space for more files");
  });

  test("an upload that is aborted frees what it reserved and what it wrote", () => {
    const ledger = open();
    const aborted = ledger.reserve("a", 500);
    aborted.add(200);
    aborted.remove(200);
    expect(() => ledger.reserve("a", 1)).toThrow(full);
    aborted.release();
    aborted.release();
    expect(ledger.bytes).toBe(0);
    ledger.reserve("a", 500).add(500);
    expect(ledger.bytes).toBe(500);
  });

  test("a body may be larger than declared, if there is space", () => {
    const ledger = open();
    const chunked = ledger.reserve("a", 0);
    chunked.add(400);
    expect(() => chunked.add(101)).toThrow(full);
    expect(ledger.bytesOf("a")).toBe(400);
  });

  test("an upload goes on after a restart, even if the quota is smaller now", () => {
    const ledger = open(1000, 100);
    ledger.addTo("a", 150);
    ledger.addToDisk(150);
    const resumed = ledger.resume("a", 300, 150);
    expect(() => ledger.reserve("a", 1)).toThrow("150 are used and 150 are reserved");
    resumed.add(0);
    resumed.release();
    expect(() => ledger.reserve("a", 1)).toThrow("150 are used. Delete some");
  });
});
