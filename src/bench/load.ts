// Time to load a checkpoint: packed for the first time, then mapped from the cache.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { openCpuBackend } from "../backends/cpu/cpu.ts";
import { loadModel } from "../model/load.ts";
import type { LoadFormat } from "../model/place-tensors.ts";

export interface LoadReport {
  readonly folder: string;
  readonly format: LoadFormat;
  readonly packedBytes: number;
  readonly firstMs: number;
  readonly laterMs: number;
}

export interface LoadBenchOptions {
  readonly folder: string;
  readonly format: LoadFormat;
  readonly kernelSet?: string;
  readonly threads: number;
}

export async function benchLoad(options: LoadBenchOptions): Promise<LoadReport> {
  const { folder, format } = options;
  const cacheDir = await mkdtemp(join(tmpdir(), "vireo-bench-"));
  try {
    const first = await timeLoad(options, cacheDir);
    const later = await timeLoad(options, cacheDir);
    const { bytes: packedBytes, ms: firstMs } = first;
    return { folder: basename(folder), format, packedBytes, firstMs, laterMs: later.ms };
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
}

async function timeLoad({ folder, format, ...backendOptions }: LoadBenchOptions, cacheDir: string) {
  const backend = openCpuBackend(backendOptions);
  try {
    const start = performance.now();
    const { region } = await loadModel(backend, folder, { format, cacheDir });
    return { bytes: region.bytes, ms: performance.now() - start };
  } finally {
    await backend.close();
  }
}

export function formatLoad({ folder, format, packedBytes, firstMs, laterMs }: LoadReport): string {
  const size = `${(packedBytes / 1e6).toFixed(0)} MB as ${format}`;
  const times = `packed in ${firstMs.toFixed(0)} ms, later mapped in ${laterMs.toFixed(0)} ms`;
  return `load: ${folder}, ${size}: ${times}`;
}
