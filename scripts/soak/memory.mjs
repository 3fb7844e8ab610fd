// Loaded into the server of a soak (node --expose-gc --import): tells what it holds once garbage is
// collected. Without that, what V8 has not thrown away yet hides a leak of any size.
const EVERY_MS = 5000;

setInterval(() => {
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.({ rss, heapUsed });
}, EVERY_MS).unref();
process.channel?.unref();
