import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { installCommand, missingPrograms, PROGRAMS } from "./scripts/system-packages.mjs";

const FOLDERS = ["src", "web", "tests"];

/** Test files that begin with `// Needs: NAME.` and lack that program; one line tells each. */
function withoutTheirPrograms(): string[] {
  const missing = missingPrograms();
  const files = FOLDERS.flatMap((folder) => {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((f) => join(folder, f));
  });
  const tests = files.filter((file) => file.endsWith(".test.ts") && !file.includes("node_modules"));
  return tests.filter((file) => {
    const [, name = ""] = /^\/\/ Needs: (\w+)\./.exec(readFileSync(file, "utf8")) ?? [];
    const lacking = missing.find((program) => program === name);
    if (lacking === undefined) return false;
    const way = installCommand([lacking]);
    console.error(`skipped: ${file} needs ${PROGRAMS[lacking].title}: ${way}`);
    return true;
  });
}

export default defineConfig({
  test: {
    include: FOLDERS.map((folder) => `${folder}/**/*.test.ts`),
    exclude: withoutTheirPrograms(),
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    pool: "forks",
  },
});
