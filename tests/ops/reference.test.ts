import { expect, test } from "vitest";
import { REFERENCE, using } from "./backends.ts";

test("the reference refuses to use a temporary after its scope", async () => {
  await using(REFERENCE, async (backend) => {
    const step = backend.begin();
    const weight = step.input(new Float32Array(4), 1);
    const made: ReturnType<typeof step.empty>[] = [];
    step.scope(() => made.push(step.rmsNorm(weight, weight, 1e-5)));
    await expect(step.read(...made)).rejects.toThrow("there is no buffer");
  });
});
