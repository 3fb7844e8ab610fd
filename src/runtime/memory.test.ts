import { totalmem } from "node:os";
import { expect, test } from "vitest";
import { machineBytes } from "./memory.ts";

test("a container's limit applies if it is below the machine's memory", () => {
  expect(machineBytes(1e9)).toBe(1e9);
  expect(machineBytes(2 ** 64)).toBe(totalmem());
  expect(machineBytes(0)).toBe(totalmem());
});
