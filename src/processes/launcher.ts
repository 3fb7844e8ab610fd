import { runProgram } from "./program.ts";

/** Kills the program when this process dies, so that a crash leaves no decoder behind. */
const DIES_WITH_PARENT = ["setpriv", "--pdeathsig", "KILL"];
const PROBE_MS = 5000;

/**
 * Returns a command prefix made of those wrappers that work on this machine, in their order, as
 * `prlimit --as=…`. A wrapper is a program with arguments that runs the command after it.
 */
export async function findLauncher(
  wrappers: readonly (readonly string[])[],
  path: string,
): Promise<readonly string[]> {
  const found: string[] = [];
  // the last one must stay last: a change of user or namespace would undo it
  for (const wrapper of [...wrappers, DIES_WITH_PARENT]) {
    const command = [...found, ...wrapper, "true"];
    const status = await runProgram({ command, path, timeMs: PROBE_MS }).catch(() => 1);
    if (status === 0) found.push(...wrapper);
  }
  return found;
}
