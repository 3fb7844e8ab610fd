import { ChildGroup } from "./child-group.ts";

/**
 * Starts a module of this package in a Node.js process without environment, whose JavaScript heap
 * is limited. Messages are copied by structured clone.
 *
 * The process runs compiled JavaScript, even where tests run the sources. from: `import.meta.url`
 * of a module of src/; path: the module's path from src/, without its extension.
 */
export function startWorker(from: string, path: string, heapMb: number): ChildGroup {
  return ChildGroup.fork(compiledModule(from, path), {
    serialization: "advanced",
    env: {},
    execArgv: [`--max-old-space-size=${heapMb}`],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
}

/** The URL of a compiled module of this package. */
export function compiledModule(from: string, path: string): URL {
  const folder = from.endsWith(".ts") ? "/src/" : "/dist/";
  const root = from.slice(0, from.lastIndexOf(folder));
  return new URL(`${root}/dist/${path}.js`);
}
