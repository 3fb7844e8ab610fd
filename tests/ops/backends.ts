import type { Backend } from "../../src/backends/backend.ts";
import { cpuKernelSets } from "../../src/backends/cpu/cpu.ts";
import { openBackend } from "../../src/backends/open.ts";

/** One way to open a backend. */
export interface Candidate {
  readonly name: string;
  readonly kernelSet: string;
  open(exactActivations?: boolean): Promise<Backend>;
}

const ARENA_BYTES = 512 * 1024 * 1024;

/** The kernel sets of this machine; none, with a warning, if the addon is not built. */
export const KERNEL_SETS: readonly string[] = findKernelSets();

function findKernelSets(): string[] {
  try {
    return cpuKernelSets();
  } catch {
    console.warn("skipped: the cpu backend, because the native kernels are not built");
    return [];
  }
}

export function cpuCandidate(kernelSet: string, threads: number): Candidate {
  return {
    name: `cpu ${kernelSet}, ${threads === 1 ? "1 thread" : `${threads} threads`}`,
    kernelSet,
    open: (exactActivations = false) =>
      openBackend("cpu", { kernelSet, threads, exactActivations, arenaBytes: ARENA_BYTES }),
  };
}

/** Every kernel set of this machine with one thread and with two. */
export const CPU: readonly Candidate[] = KERNEL_SETS.flatMap((kernelSet) => [
  cpuCandidate(kernelSet, 1),
  cpuCandidate(kernelSet, 2),
]);

export const REFERENCE: Candidate = {
  name: "reference",
  kernelSet: "reference",
  open: (exactActivations = false) => openBackend("reference", { exactActivations }),
};

export const ALL: readonly Candidate[] = [REFERENCE, ...CPU];

/** Runs `body` on a new backend. */
export async function using<T>(
  { open }: Candidate,
  body: (backend: Backend) => Promise<T>,
  exactActivations = false,
): Promise<T> {
  const backend = await open(exactActivations);
  try {
    return await body(backend);
  } finally {
    await backend.close();
  }
}
