import { afterAll, describe, expect, test, vi } from "vitest";
import { LIMITS } from "../core/limits.ts";
import { WorkerLane } from "../threads/worker-lane.ts";
import { ProgramCompiler } from "./program-compiler.ts";
import { requestProgram } from "./request-program.ts";
import type { ToolRequest } from "./tool-grammar.ts";

const compiler = new ProgramCompiler();
const turn = { tenant: "ann" };
afterAll(() => compiler.close(new Error("the test is over")));

function request(schema: unknown): ToolRequest {
  const output = { type: "json_schema", schema: JSON.stringify(schema) } as const;
  return { tools: [], choice: "auto", parallel: true, output };
}

function compile(one: ToolRequest) {
  return compiler.compile(one, JSON.stringify(one), turn);
}

function properties(count: number) {
  const names = Array.from({ length: count }, (_, at) => [`p${at}`, { type: "string" }]);
  return { type: "object", properties: Object.fromEntries(names) };
}

describe("a large schema", () => {
  const large = request(properties(1000));

  test("is compiled by a thread, to the same program", async () => {
    const run = vi.spyOn(WorkerLane.prototype, "run");
    expect(JSON.stringify(large).length).toBeGreaterThan(LIMITS.grammar.inlineCharacters);
    expect(await compile(large)).toEqual(requestProgram(large));
    expect(run).toHaveBeenCalledOnce();
    run.mockRestore();
  });

  test("that cannot be used is refused as a small one is", async () => {
    const wrong = request({ ...properties(1000), not: {} });
    await expect(compile(wrong)).rejects.toMatchObject({
      code: "invalid_schema",
      message: "the schema cannot be used: #/not is a keyword that cannot be enforced; remove it",
    });
  });

  test("leaves the queue when its client leaves", async () => {
    const signal = AbortSignal.abort(new Error("gone"));
    const left = compiler.compile(large, JSON.stringify(large), { ...turn, signal });
    await expect(left).rejects.toThrow("gone");
  });
});

test("small schemas are compiled at once, up to the bound of one turn of the loop", async () => {
  const run = vi.spyOn(WorkerLane.prototype, "run");
  const small = request(properties(50));
  const fit = Math.floor(LIMITS.grammar.inlineCharacters / JSON.stringify(small).length);
  await new Promise(setImmediate);
  await Promise.all(Array.from({ length: fit + 1 }, () => compile(small)));
  expect(run).toHaveBeenCalledOnce();
  run.mockRestore();
});

test("a request without tools and format needs no program", async () => {
  const free = { tools: [], choice: "auto", parallel: true } as const;
  expect(await compile(free)).toBeUndefined();
});
