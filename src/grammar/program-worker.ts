// The worker thread that compiles large schemas and grammars.

import { serveTasks } from "../threads/worker-lane.ts";
import type { Program } from "./program.ts";
import { requestProgram } from "./request-program.ts";
import type { ToolRequest } from "./tool-grammar.ts";

/** A request as JSON. */
export type ProgramCommand = string;
export type ProgramValue = Program | undefined;

serveTasks<ProgramCommand, ProgramValue>(
  (command) => requestProgram(JSON.parse(command) as ToolRequest),
  (program) => (program === undefined ? [] : buffersOf(program)),
);

function buffersOf({ kind, a, b, next, live, classOf }: Program): ArrayBuffer[] {
  return [kind, a, b, next, live, classOf].map(({ buffer }) => buffer as ArrayBuffer);
}
