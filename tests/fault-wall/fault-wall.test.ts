// Every fault of a provider, streamed or not, with and without a second provider, over sockets.
// `npm run fault-wall` prints the table.

import { afterAll, beforeAll, expect, test } from "vitest";
import { FAULT_NAMES, FAULTS, type FaultName } from "../../src/upstreams/chaos/faults.ts";
import {
  CELLS,
  type Cell,
  type CellResult,
  deliversPart,
  isHarmless,
  TEXT,
  Wall,
} from "./cells.ts";

const COUNTED_HERE: readonly FaultName[] = ["no-usage"];
const outcomes = new Map<Cell, string>();
let wall: Wall;

beforeAll(async () => {
  wall = await Wall.open();
});
afterAll(async () => {
  await wall.close();
  console.log(table());
});

test.each(CELLS)("$fault, streamed: $isStreamed, with fallback: $hasFallback", async (cell) => {
  const timers = timerCount();
  const result = await wall.run(cell);
  expect(result.isComplete).toBe(!result.isFailed);
  if (isHarmless(cell.fault)) expectAnswer(cell, result, 1);
  else if (cell.hasFallback && !deliversPart(cell)) expectAnswer(cell, result, 2);
  else expectFailure(cell, result);
  await expect.poll(() => wall.openRequests, { timeout: 3000, interval: 10 }).toBe(0);
  await expect.poll(timerCount, { timeout: 5000, interval: 20 }).toBeLessThanOrEqual(timers);
  const connections = () => wall.openConnections();
  await expect.poll(connections, { timeout: 3000, interval: 10 }).toBeLessThan(10);
  outcomes.set(cell, outcomeOf(cell, result));
});

function expectAnswer({ fault }: Cell, result: CellResult, attempts: number): void {
  const { isComplete, text, provider, billedTokens, reportedTokens } = result;
  expect(isComplete).toBe(true);
  const isSplit = fault === "split-character" && attempts === 1 && text.startsWith("Grüße");
  expect(text).toBe(isSplit ? `Grüße 🎉 ${TEXT}` : TEXT);
  expect(provider).toMatch(attempts === 1 ? /^faulty-/ : /^good-/);
  expect(result.attempts).toBe(String(attempts));
  const counted = COUNTED_HERE.includes(fault) && attempts === 1;
  expect(billedTokens).toBe(counted ? roughCount(text) : 8);
  expect(reportedTokens).toBe(billedTokens);
}

function expectFailure(cell: Cell, { isFailed, text, status, billedTokens }: CellResult): void {
  expect(isFailed).toBe(true);
  expect(text !== "").toBe(deliversPart(cell));
  expect(status >= 400).toBe(text === "");
  expect(billedTokens).toBe(roughCount(text));
}

/** The count of an answer that no provider counted: a token for four bytes. */
function roughCount(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

/** Timers that the program waits for; those of idle connections do not count. */
function timerCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

function outcomeOf(cell: Cell, { text, status, provider, billedTokens }: CellResult): string {
  const billed = `${billedTokens} tokens`;
  if (status >= 400) return `error ${status}`;
  if (!isHarmless(cell.fault) && provider?.startsWith("good-")) return `fallback, ${billed}`;
  return isHarmless(cell.fault)
    ? `answer, ${billed}`
    : `error event after ${roughCount(text)} tokens`;
}

function table(): string {
  const heads = ["fault", "stream", "stream + fallback", "whole", "whole + fallback"];
  const rows = FAULT_NAMES.map((fault) => {
    const cells = CELLS.filter((cell) => cell.fault === fault);
    return [fault, ...cells.map((cell) => mark(outcomes.get(cell)))];
  });
  const widths = heads.map((_, column) => {
    return Math.max(...[heads, ...rows].map((row) => row[column]!.length));
  });
  const lines = [heads, ...rows].map((row) => {
    return row.map((text, column) => text.padEnd(widths[column]!)).join("  ");
  });
  const passed = outcomes.size;
  const legend = FAULT_NAMES.map((name) => `${name}: ${FAULTS[name].description}`);
  return [...lines, "", `${passed} of ${CELLS.length} cells as they must be`, "", ...legend].join(
    "\n",
  );
}

function mark(outcome: string | undefined): string {
  return outcome === undefined ? "FAILED" : `✓ ${outcome}`;
}
