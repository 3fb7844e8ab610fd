import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import type { LoadFormat } from "../model/place-tensors.ts";
import { benchKernels, formatKernels, type KernelReport } from "./kernels.ts";
import { benchLoad, formatLoad, type LoadReport } from "./load.ts";
import { benchNetwork, formatNetwork, type NetworkReport } from "./network.ts";
import { benchOps, formatOps, type OpsReport } from "./ops.ts";
import { benchOverhead, formatOverhead, type OverheadReport } from "./overhead.ts";
import { benchPeer, formatPeer, type PeerOptions, type PeerReport } from "./peer.ts";
import { benchServing, formatServing, type ServingReport } from "./serving.ts";
import type { SyntheticOptions } from "./synthetic.ts";
import { benchVideo, formatVideo, type VideoReport } from "./video.ts";

export type BenchPart =
  | "kernels"
  | "ops"
  | "model"
  | "load"
  | "overhead"
  | "serving"
  | "video"
  | "peer";

export interface BenchOptions {
  readonly parts: readonly BenchPart[];
  readonly model: SyntheticOptions;
  readonly kernelSet?: string;
  /** Thread counts, each of which is measured. */
  readonly threads: readonly number[];
  /** Time for each group of figures. */
  readonly seconds: number;
  /** Frames of the clip on which EVS is measured. */
  readonly frames: number;
  /** Share of the clip's tokens that EVS drops; it is compared with 0. */
  readonly pruningRate: number;
  /** Checkpoint folder whose loading is timed. */
  readonly load: { readonly folder: string; readonly format: LoadFormat };
  readonly peer?: PeerOptions;
  /** File for the figures as JSON. */
  readonly json?: string;
}

interface BenchReport {
  kernels?: KernelReport[];
  ops?: OpsReport[];
  model?: NetworkReport[];
  load?: LoadReport;
  overhead?: OverheadReport;
  serving?: ServingReport[];
  video?: VideoReport[];
  peer?: PeerReport[];
}

/** Measures the requested parts, prints tables and writes the JSON file. */
export async function runBench(
  options: BenchOptions,
  print: (text: string) => void,
): Promise<void> {
  const { parts, model, threads, seconds, json, kernelSet } = options;
  const backend = kernelSet === undefined ? {} : { kernelSet };
  const shared = { seconds, ...backend };
  const machine = { cpu: cpus()[0]?.model ?? "unknown", threads: availableParallelism() };
  const started = loadavg();
  print(`${machine.cpu}, ${machine.threads} threads; load average ${showLoad(started)}`);
  const report: BenchReport = {};
  if (parts.includes("kernels")) {
    report.kernels = [];
    for (const count of threads) {
      const kernels = await benchKernels({ ...shared, threads: count });
      report.kernels.push(kernels);
      print(`\n${formatKernels(kernels)}`);
    }
  }
  if (parts.includes("ops")) {
    report.ops = [];
    for (const count of threads) {
      const ops = await benchOps({ ...shared, threads: count });
      report.ops.push(ops);
      print(`\n${formatOps(ops)}`);
    }
  }
  if (parts.includes("model")) {
    report.model = [];
    for (const count of threads) {
      report.model.push(await benchNetwork({ ...model, ...shared, threads: count }));
    }
    print(`\n${formatNetwork(model, report.model)}`);
  }
  if (parts.includes("load")) {
    report.load = await benchLoad({ ...options.load, ...backend, threads: Math.max(...threads) });
    print(`\n${formatLoad(report.load)}`);
  }
  if (parts.includes("overhead")) {
    report.overhead = await benchOverhead(seconds);
    print(`\n${formatOverhead(report.overhead)}`);
  }
  if (parts.includes("serving")) {
    report.serving = [];
    for (const count of threads) {
      report.serving.push(await benchServing({ ...model, ...shared, threads: count }));
    }
    print(`\n${formatServing(model, report.serving)}`);
  }
  if (parts.includes("video")) {
    report.video = [await benchVideo({ ...options, ...model, threads: Math.max(...threads) })];
    print(`\n${formatVideo(model, report.video)}`);
  }
  if (parts.includes("peer") && options.peer) {
    report.peer = [];
    print("");
    for (const count of threads) {
      const sizes = { ...model, visionBlocks: 0, ...shared, threads: count };
      report.peer.push(await benchPeer(sizes, options.peer, print));
    }
    print(formatPeer(report.peer));
  }
  const ended = loadavg();
  print(`\nload average ${showLoad(ended)}`);
  if (json === undefined) return;
  const load = { started, ended };
  const node = process.version;
  const all = { date: new Date().toISOString(), node, machine, load, options: model, ...report };
  await writeFile(json, `${JSON.stringify(all, null, 2)}\n`);
}

function showLoad(load: readonly number[]): string {
  return load.map((value) => value.toFixed(2)).join(" ");
}
