// Estimates a checkpoint's speed on this machine from a few seconds of its kernels.

import type { Inspection } from "../model/inspect.ts";
import { benchKernels, type KernelOptions, type KernelReport } from "./kernels.ts";

export interface ExpectedSpeed {
  readonly format: string;
  /** Prompt tokens of one request, long enough that steps are full. */
  readonly prefillTokensPerSecond: number;
  /** Answer tokens of one request. */
  readonly decodeTokensPerSecond: number;
}

const PREFILL_ROWS = 256;

/** Measures for a few seconds and estimates. */
export async function expectSpeed(
  inspection: Inspection,
  options: KernelOptions,
): Promise<readonly ExpectedSpeed[]> {
  return estimateSpeed(inspection, await benchKernels(options));
}

/**
 * Estimates from one matrix multiplication a format: decoding reads every packed weight once a
 * token, a prompt multiplies with every weight of the layers. Attention and the scan are left out,
 * so long contexts are slower.
 */
export function estimateSpeed(
  { memory, loadsAs, parts }: Pick<Inspection, "memory" | "loadsAs" | "parts">,
  { results, roofs }: Pick<KernelReport, "results" | "roofs">,
): readonly ExpectedSpeed[] {
  const language = parts.find(({ part }) => part === "language model");
  const weights = (language?.kinds ?? [])
    .filter(({ kind }) => kind !== "embeddings" && kind !== "small")
    .reduce((sum, { parameters }) => sum + parameters, 0);
  return memory.flatMap(({ format, languageBytes, headBytes }) => {
    const found = (rows: number) =>
      results.find((one) => one.format === format && one.rows === rows);
    const one = found(1);
    const many = found(PREFILL_ROWS);
    if (!loadsAs.includes(format) || one === undefined || many === undefined) return [];
    // the measured matrix may fit a cache; the checkpoint does not
    const gbytes = Math.min(one.gbytes, roofs.read);
    return [
      {
        format,
        prefillTokensPerSecond: (many.gflops * 1e9) / (2 * weights),
        decodeTokensPerSecond: (gbytes * 1e9) / (languageBytes + headBytes),
      },
    ];
  });
}
