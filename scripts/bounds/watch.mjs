// Preloaded into a server under measurement: tells its parent the longest stall of the event loop
// and the peak of its memory since it was asked last.
import { readFileSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const TICK_MS = 2;

function peakBytes() {
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1];
  writeFileSync("/proc/self/clear_refs", "5"); // the peak starts again at what is used now
  return Number(peak) * 1024;
}

if (isMainThread && process.send !== undefined) {
  let stallMs = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    stallMs = Math.max(stallMs, now - last - TICK_MS);
    last = now;
  }, TICK_MS).unref();
  process.on("message", () => {
    process.send({ stallMs, peakBytes: peakBytes(), usedBytes: process.memoryUsage.rss() });
    stallMs = 0;
  });
  process.channel.unref();
}
