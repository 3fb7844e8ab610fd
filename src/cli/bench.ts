import { join } from "node:path";
import { type BenchOptions, type BenchPart, runBench } from "../bench/bench.ts";
import { REAL_PATTERN } from "../bench/synthetic.ts";
import { VireoError } from "../core/errors.ts";
import { modelFolder } from "./model-folder.ts";
import { EMBEDDED_MODEL } from "./options.ts";
import { oneOf, parseToolArgs, rateBelowOne, wholeNumber, wholeNumbers } from "./tool-args.ts";

const USAGE = `vireo bench: speed of kernels and of a network of the real widths, made up here
  --only LIST         of kernels, ops, model, load, overhead, serving, video (minutes);
                      default: all but video
  --cpu SET           amx, avx512, avx2, neon or scalar; default: the fastest there is
  --threads LIST      default: 1,2
  --seconds N         for each group of figures; default: 10
  --format NAME       of the layers: int4 (default), int8, bf16, fp8 or nvfp4
  --pattern TEXT      layers of the network; default: M-*
  --layers N          instead: the first N layers of the real model
  --vocab N           default: 4096
  --vit-layers N      blocks of the vision tower; default: 1
  --frames N          of the clip of "video"; default: 128
  --evs RATE          share of its tokens that EVS drops, compared with 0; default: 0.7
  --load DIR          checkpoint whose loading is timed; default: the model in the box
  --load-format NAME  stored (default), int8 or int4
  --json FILE         the figures, for other programs
  --peer DIR          against llama.cpp, whose packages are in DIR
  --peer-scripts DIR  where bench-llama.mjs and mkbench.mjs are
  --peer-out DIR      for llama.cpp's model file; default: DIR/out
  --rounds N          turns of ours and theirs; default: 3`;

/** Source: MODEL.md § Video. */
const PUBLISHED_RATE = "0.7";
const PARTS: readonly BenchPart[] = ["kernels", "ops", "model", "load", "overhead", "serving"];
const FORMATS = ["int4", "int8", "bf16", "fp8", "nvfp4"] as const;

/** Returns the exit code. */
export async function bench(args: string[]): Promise<number> {
  const values = parseToolArgs(args, {
    only: { type: "string" },
    cpu: { type: "string" },
    threads: { type: "string", default: "1,2" },
    seconds: { type: "string", default: "10" },
    format: { type: "string", default: "int4" },
    pattern: { type: "string", default: "M-*" },
    layers: { type: "string" },
    vocab: { type: "string", default: "4096" },
    "vit-layers": { type: "string", default: "1" },
    frames: { type: "string", default: "128" },
    evs: { type: "string", default: PUBLISHED_RATE },
    load: { type: "string", default: EMBEDDED_MODEL },
    "load-format": { type: "string", default: "stored" },
    json: { type: "string" },
    peer: { type: "string" },
    "peer-scripts": { type: "string" },
    "peer-out": { type: "string" },
    rounds: { type: "string", default: "3" },
    help: { type: "boolean", default: false },
  });
  const print = (text: string): void => {
    process.stdout.write(`${text}\n`);
  };
  if (values.help) {
    print(USAGE);
    return 0;
  }
  const { layers, json } = values;
  const pattern =
    layers === undefined ? values.pattern : REAL_PATTERN.slice(0, wholeNumber("layers", layers));
  const peer = peerOptions(values);
  const kernelSet = values.cpu ?? process.env.VIREO_CPU;
  const known = [...PARTS, "video", "peer"] as const;
  const wanted = values.only?.split(",").map((name) => oneOf<BenchPart>("only", name, known));
  const options: BenchOptions = {
    parts: wanted ?? (peer ? [...PARTS, "peer"] : PARTS),
    model: {
      pattern,
      vocabulary: wholeNumber("vocab", values.vocab),
      format: oneOf("format", values.format, FORMATS),
      visionBlocks: wholeNumber("vit-layers", values["vit-layers"]),
    },
    load: {
      folder: modelFolder(values.load),
      format: oneOf("load-format", values["load-format"], ["stored", "int8", "int4"] as const),
    },
    threads: wholeNumbers("threads", values.threads),
    seconds: wholeNumber("seconds", values.seconds),
    frames: wholeNumber("frames", values.frames),
    pruningRate: rateBelowOne("evs", values.evs),
    ...(kernelSet === undefined ? {} : { kernelSet }),
    ...(peer && { peer }),
    ...(json === undefined ? {} : { json }),
  };
  await runBench(options, print);
  return 0;
}

interface PeerValues {
  readonly peer?: string | undefined;
  readonly "peer-scripts"?: string | undefined;
  readonly "peer-out"?: string | undefined;
  readonly rounds: string;
}

function peerOptions(values: PeerValues): BenchOptions["peer"] {
  const { peer: packages, "peer-scripts": scripts } = values;
  if (packages === undefined) return undefined;
  if (scripts === undefined) {
    const text = "--peer needs --peer-scripts, the folder of bench-llama.mjs and mkbench.mjs";
    throw new VireoError("invalid_option", text, { param: "peer-scripts" });
  }
  return {
    packages,
    scripts,
    out: values["peer-out"] ?? join(packages, "out"),
    rounds: wholeNumber("rounds", values.rounds),
    environment: process.env,
  };
}
