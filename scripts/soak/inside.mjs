// Loaded into the server of a soak test (node --expose-gc --import). Collects garbage, then reports
// the memory to the parent process; uncollected garbage would hide a leak of any size. The parent
// can also set the clock of the server's process.
import { isMainThread } from "node:worker_threads";

const INTERVAL_MS = 5000;

function report() {
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({ rss, heapUsed });
}

/** Replaces the wall clock; timers and performance.now() go on as before, as on a real machine. */
function setClock(offsetMs) {
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length === 0 ? [RealDate.now() + offsetMs] : args));
    }
    static now() {
      return RealDate.now() + offsetMs;
    }
  };
}
const RealDate = Date;

if (isMainThread) {
  setInterval(report, INTERVAL_MS).unref();
  process.on("message", ({ offsetMs }) => (offsetMs === undefined ? report() : setClock(offsetMs)));
  process.channel?.unref();
}
