import { expect, test } from "vitest";
import { cpuKernelSets, openCpuBackend } from "../../src/backends/cpu/cpu.ts";
import { cutTile, normalisationTable } from "../../src/media/pixels.ts";

const [WIDTH, HEIGHT, SIDE] = [70, 45, 32];
const table = normalisationTable({ mean: [0.48, 0.45, 0.4], std: [0.26, 0.27, 0.28] });
const rgb = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 7919) & 255);
const image = { rgb, width: WIDTH, height: HEIGHT };

test.each([1, 2, 3])("tiles are the same in native code, %i threads", async (threads) => {
  const backend = openCpuBackend({ kernelSet: cpuKernelSets()[0]!, threads, arenaBytes: 1 << 20 });
  try {
    for (const [left, top] of [
      [0, 0],
      [38, 13],
      [5, 9],
    ] as const) {
      const wanted = cutTile({ image, left, top }, SIDE, table);
      const got = await backend.cutTile({ ...image, left, top, sidePx: SIDE }, table);
      expect(Buffer.compare(Buffer.from(got.buffer), Buffer.from(wanted.buffer))).toBe(0);
    }
    const outside = { ...image, left: 39, top: 0, sidePx: SIDE };
    await expect(backend.cutTile(outside, table)).rejects.toThrow("sizes do not fit");
  } finally {
    await backend.close();
  }
});
