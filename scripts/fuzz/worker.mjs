// Fuzzes in a worker thread. Every input is put into shared memory before it runs, so that the main
// thread can save it if it never ends.

import { parentPort, workerData } from "node:worker_threads";
import { fuzz } from "./loop.mjs";
import { findTarget } from "./targets.mjs";

const { target, shared, limits, seed, seeds } = workerData;
const head = new Int32Array(shared, 0, 2);
const memory = new Uint8Array(shared, head.byteLength);

const summary = await fuzz(await findTarget(target), {
  ...limits,
  seed,
  seeds,
  onCase(form, input) {
    const bytes = form.write(input).subarray(0, memory.length);
    memory.set(bytes);
    head[1] = bytes.length;
    Atomics.add(head, 0, 1);
  },
  onFault: (fault) => parentPort.postMessage({ type: "fault", ...fault }),
});
parentPort.postMessage({ type: "summary", summary });
