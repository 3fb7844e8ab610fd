// Block coverage of this thread by V8's profiler.

import { Session } from "node:inspector";

/**
 * Collects the blocks of code that have run, in files whose path contains one of `parts`.
 *
 * A reading costs milliseconds, so the loop reads once for a batch of inputs.
 */
export class Coverage {
  constructor(parts) {
    this.parts = parts;
    this.blocks = new Set();
    this.session = new Session();
    this.session.connect();
    this.post("Profiler.enable");
    this.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** Forgets what ran so far, such as the loading of modules. */
  skip() {
    this.post("Profiler.takePreciseCoverage");
  }

  /** The blocks that ran since the last reading and were never added. */
  takeNew() {
    const blocks = [];
    for (const { url, functions, scriptId } of this.post("Profiler.takePreciseCoverage").result) {
      if (!this.parts.some((part) => url.includes(part))) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          const block = `${scriptId}:${startOffset}:${endOffset}`;
          if (count > 0 && !this.blocks.has(block)) blocks.push(block);
        }
      }
    }
    return blocks;
  }

  add(blocks) {
    for (const block of blocks) this.blocks.add(block);
  }

  close() {
    this.session.disconnect();
  }

  post(method, parameters) {
    let answer;
    this.session.post(method, parameters, (error, result) => {
      if (error) throw new Error(`${method}: ${error.message}`);
      answer = result;
    });
    return answer;
  }
}
