import { join } from "node:path";
import { type GoldenOptions, runGolden } from "../golden/golden.ts";
import { oneOf, parseToolArgs, wholeNumber } from "./tool-args.ts";

const USAGE = `vireo golden: compares this build with the golden data
  --checkpoint DIR   the tiny BF16 checkpoint; quantised ones lie beside it
  --cases DIR        the cases
  --backend NAME     cpu (default) or reference
  --cpu SET          amx, avx512, avx2, neon or scalar; default: the fastest there is
  --threads N
  --precision WHAT   exact, bf16 or both (default)`;

/** Returns the exit code: 0 if nothing failed. */
export async function golden(args: string[]): Promise<number> {
  const values = parseToolArgs(args, {
    checkpoint: { type: "string", default: join("tests", "golden", "tiny-checkpoint") },
    cases: { type: "string", default: join("tests", "golden", "cases") },
    backend: { type: "string", default: "cpu" },
    cpu: { type: "string" },
    threads: { type: "string" },
    precision: { type: "string", default: "both" },
    help: { type: "boolean", default: false },
  });
  const print = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  if (values.help) {
    print(USAGE);
    return 0;
  }
  const kernelSet = values.cpu ?? process.env.VIREO_CPU;
  const options: GoldenOptions = {
    checkpoint: values.checkpoint,
    cases: values.cases,
    backend: oneOf("backend", values.backend, ["cpu", "reference"] as const),
    precision: oneOf("precision", values.precision, ["exact", "bf16", "both"] as const),
    ...(kernelSet === undefined ? {} : { kernelSet }),
    ...(values.threads === undefined ? {} : { threads: wholeNumber("threads", values.threads) }),
  };
  const { failed } = await runGolden(options, print);
  return failed === 0 ? 0 : 1;
}
