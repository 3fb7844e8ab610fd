import { expect, test } from "vitest";
import { compiledModule } from "./compiled-module.ts";

test.each([
  ["file:///vireo/src/media/heic.ts", "file:///vireo/dist/media/heic-worker.js"],
  ["file:///vireo/dist/media/heic.js", "file:///vireo/dist/media/heic-worker.js"],
  ["file:///src/vireo/src/media/heic.ts", "file:///src/vireo/dist/media/heic-worker.js"],
])("%s starts the compiled module of its own package", (from, compiled) => {
  expect(compiledModule(from, "media/heic-worker").href).toBe(compiled);
});
