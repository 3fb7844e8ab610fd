import { compiledModule } from "../core/compiled-module.ts";
import { ChildGroup } from "./child-group.ts";

/**
 * Starts a module of this package in a Node.js process without environment, whose JavaScript heap
 * is limited. Messages are copied by structured clone.
 *
 * from, path: name the module as `compiledModule` does.
 */
export function startWorker(from: string, path: string, heapMb: number): ChildGroup {
  return ChildGroup.fork(compiledModule(from, path), {
    serialization: "advanced",
    env: {},
    execArgv: [`--max-old-space-size=${heapMb}`],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
}
