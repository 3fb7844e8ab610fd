// Loaded into the server of a soak test (node --expose-gc --import). Collects garbage, then reports
// the memory to the parent process; uncollected garbage would hide a leak of any size.
const INTERVAL_MS = 5000;

setInterval(() => {
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({ rss, heapUsed });
}, INTERVAL_MS).unref();
process.channel?.unref();
