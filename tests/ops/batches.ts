import type { Backend } from "../../src/backends/backend.ts";
import { type Candidate, cpuCandidate, using } from "./backends.ts";
import type { Plan } from "./spans.ts";
import { expectSame } from "./tolerance.ts";

/** Runs an op on several sequences by the plan, and returns one result per sequence. */
export type PlanRun = (backend: Backend, plan: Plan) => Promise<readonly Float32Array[]>;

/** Every sequence has the same result, bit for bit, as without the others in its batches. */
export async function expectIndependent(
  candidate: Candidate,
  plan: Plan,
  run: PlanRun,
): Promise<void> {
  const together = await using(candidate, (backend) => run(backend, plan));
  const alone: Plan = plan.flatMap((parts) => parts.map((part) => [part]));
  const apart = await using(candidate, (backend) => run(backend, alone));
  together.forEach((result, i) => {
    expectSame(result, apart[i]!, `result ${i}`);
  });
}

/** Two threads compute the same as one, bit for bit. */
export async function expectSameOnTwoThreads(
  kernelSet: string,
  plan: Plan,
  run: PlanRun,
): Promise<void> {
  const one = await using(cpuCandidate(kernelSet, 1), (backend) => run(backend, plan));
  const two = await using(cpuCandidate(kernelSet, 2), (backend) => run(backend, plan));
  one.forEach((result, i) => {
    expectSame(two[i]!, result, `result ${i}`);
  });
}
