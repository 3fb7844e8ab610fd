// The rule of the inside edge: what lies just inside a limit must not stop the server either. The
// architecture test holds that every entry of LIMITS has an input here, or a reason.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { INPUTS } from "../../scripts/bounds/inputs.mjs";
import {
  closeConnections,
  KEYS,
  type MeasuredServer,
  send,
  startServer,
} from "../../scripts/bounds/server.mjs";
import { STALL_BUDGET_MS } from "../../src/server/loop-watch.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const MAX_MEMORY_BYTES = 600 * 1024 * 1024;
/** The best of several counts, because the first one also compiles code. */
const TRIES = 4;
/** By then the request has been read, parsed and prepared; the model may go on longer. */
const GIVE_UP_MS = 4000;

describe("one request at the inside edge", () => {
  let server: MeasuredServer;
  beforeAll(async () => {
    server = await startServer(ROOT);
  });
  afterAll(async () => {
    await server.stop();
    closeConnections();
  });

  test.each(Object.keys(INPUTS))("%s", async (name) => {
    const input = INPUTS[name]!.make();
    const before = await server.look();
    const seen: number[] = [];
    let peakBytes = 0;
    while (seen.length < TRIES && Math.min(...seen) > STALL_BUDGET_MS) {
      const signal = AbortSignal.timeout(GIVE_UP_MS);
      const answer = await send(server, input, KEYS.hostile, signal).catch(() => undefined);
      expect(server.gone, "the server ended").toBe(false);
      expect(answer?.status ?? 200).toBeLessThan(500);
      const now = await server.look();
      seen.push(now?.busyMs ?? Number.POSITIVE_INFINITY);
      peakBytes = Math.max(peakBytes, now?.peakBytes ?? 0);
    }
    expect(
      Math.min(...seen),
      `CPU time of the longest stall: ${seen.map(Math.round)}`,
    ).toBeLessThan(STALL_BUDGET_MS + 1);
    expect(peakBytes - (before?.usedBytes ?? 0)).toBeLessThan(MAX_MEMORY_BYTES);
  });
});
