// Preloaded into a server under measurement: tells its parent the longest stall of the event loop,
// in time and in CPU time of the thread, and the peak of its memory since it was asked last.
import { readFileSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const TICK_MS = 2;

function peakBytes() {
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1];
  writeFileSync("/proc/self/clear_refs", "5"); // the peak starts again at what is used now
  return Number(peak) * 1024;
}

/** CPU time of the main thread, which other programs on the machine do not lengthen. */
function threadCpuMs() {
  const spent = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0];
  return Number(spent) / 1e6;
}

if (isMainThread && process.send !== undefined) {
  let [stallMs, busyMs] = [0, 0];
  let [last, lastCpu] = [performance.now(), threadCpuMs()];
  setInterval(() => {
    const now = performance.now();
    stallMs = Math.max(stallMs, now - last - TICK_MS);
    last = now;
    const cpu = threadCpuMs();
    busyMs = Math.max(busyMs, cpu - lastCpu);
    lastCpu = cpu;
  }, TICK_MS).unref();
  process.on("message", () => {
    process.send({ stallMs, busyMs, peakBytes: peakBytes(), usedBytes: process.memoryUsage.rss() });
    [stallMs, busyMs] = [0, 0];
  });
  process.channel.unref();
}
