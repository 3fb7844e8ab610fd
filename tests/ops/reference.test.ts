import { expect, test } from "vitest";
import { REFERENCE, using } from "./backends.ts";

test("a step refuses to use a temporary after its scope", async () => {
  await using(REFERENCE, async (backend) => {
    const step = backend.begin();
    const weight = step.input(new Float32Array(4), 1);
    const made: ReturnType<typeof step.empty>[] = [];
    step.scope(() => made.push(step.rmsNorm(weight, weight, 1e-5)));
    expect(() => step.rmsNorm(made[0]!, weight, 1e-5)).toThrow("after its scope");
    expect(() => step.read(...made)).toThrow("after its scope");
  });
});
