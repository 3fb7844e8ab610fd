import { compiledModule } from "../core/compiled-module.ts";
import type { QueuedTurn } from "../core/fair-queue.ts";
import { LIMITS } from "../core/limits.ts";
import { TurnAllowance } from "../core/turn-allowance.ts";
import { WorkerLane } from "../threads/worker-lane.ts";
import type { ProgramCommand, ProgramValue } from "./program-worker.ts";
import { requestProgram } from "./request-program.ts";
import type { ToolRequest } from "./tool-grammar.ts";

/**
 * Compiles programs without blocking the event loop: requests whose tools and format exceed the
 * inline bound of one turn of the loop are compiled by a worker thread.
 */
export class ProgramCompiler {
  private readonly inline = new TurnAllowance(LIMITS.grammar.inlineCharacters);
  private readonly lane = new WorkerLane<ProgramCommand, ProgramValue>({
    module: compiledModule(import.meta.url, "grammar/program-worker"),
    maxMemoryBytes: LIMITS.grammar.workerBytes,
    maxWaitingCost: LIMITS.grammar.waitingCharacters,
    things: "large schemas",
    unit: "characters",
  });

  /**
   * json: the request, as JSON. Returns undefined if it does not constrain the answer.
   *
   * Throws invalid_schema and what `WorkerLane.run` throws.
   */
  async compile(request: ToolRequest, json: string, turn: QueuedTurn): Promise<ProgramValue> {
    if (isFree(request)) return undefined;
    if (this.inline.take(json.length)) return requestProgram(request);
    return await this.lane.run(json, { ...turn, cost: json.length });
  }

  /** Fails all work with `reason`; resolves when the thread has ended. */
  async close(reason: Error): Promise<void> {
    await this.lane.close(reason);
  }
}

/** True for requests without tools and format, which are most. */
function isFree({ tools, output }: ToolRequest): boolean {
  return tools.length === 0 && output === undefined;
}
