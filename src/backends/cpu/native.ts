import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { VireoError } from "../../core/errors.ts";

/** An engine inside the addon: kernels, threads, memory. */
export type NativeEngine = object;

/** The addon's whole surface, as native/addon.cpp exports it. */
export interface Native {
  kernelSets(): string[];
  opNames(): string[];
  open(kernelSet: string, threads: number): NativeEngine;
  /** Waits for queued work. */
  close(engine: NativeEngine): void;
  allocate(engine: NativeEngine, bytes: number): number;
  map(engine: NativeEngine, path: string, bytes: number, create: 0 | 1): number;
  flush(engine: NativeEngine, buffer: number): Promise<number>;
  release(engine: NativeEngine, buffer: number): void;
  write(engine: NativeEngine, buffer: number, offset: number, data: ArrayBufferView): void;
  read(engine: NativeEngine, buffer: number, offset: number, into: ArrayBufferView): void;
  /**
   * packed: format, n, k · matmul: rows, k, parts · ssmScan: width, n, parts ·
   * tileAttention: tokens, dim, parts.
   */
  sizeOf(
    what: "packed" | "matmul" | "ssmScan" | "tileAttention",
    a: number,
    b: number,
    c: number,
  ): number;
  matrix(
    engine: NativeEngine,
    buffer: number,
    offset: number,
    format: number,
    n: number,
    k: number,
  ): number;
  pack(
    engine: NativeEngine,
    matrix: number,
    source: number,
    firstRow: number,
    rows: number,
    data: Uint8Array,
    blockScales: Uint8Array,
    scale: number,
  ): Promise<number>;
  packTable(
    engine: NativeEngine,
    buffer: number,
    offset: number,
    source: number,
    data: Uint8Array,
  ): Promise<number>;
  run(
    engine: NativeEngine,
    ops: Int32Array,
    opWords: number,
    data: Int32Array,
    dataWords: number,
  ): Promise<number>;
  resize(engine: NativeEngine, ...args: (Uint8Array | Int32Array | number)[]): Promise<number>;
  /** A square of an RGB picture through a table [3][256], as planes. */
  cutTile(
    engine: NativeEngine,
    rgb: Uint8Array,
    width: number,
    height: number,
    left: number,
    top: number,
    side: number,
    table: Float32Array,
    out: Float32Array,
  ): Promise<number>;
  /** Operations (or bytes, for "read") per second: what the hardware reaches at best. */
  probe(engine: NativeEngine, what: string): Promise<number>;
}

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
/** In a clone, and where the package is installed. */
const SETUP = existsSync(join(root, "package-lock.json")) ? "npm run setup" : "npx vireo setup";

/** The addon that was built on this machine, then the one that came with the package. */
function addonFiles(): readonly string[] {
  const { header } = process.report.getReport() as {
    readonly header?: { readonly glibcVersionRuntime?: string };
  };
  const libc = header?.glibcVersionRuntime ? "-glibc" : "";
  return [
    join("build", "Release", "vireo.node"),
    join("prebuilds", `${process.platform}-${process.arch}${libc}.node`),
  ];
}

/**
 * Loads the addon: one built here, else a prebuilt one for this platform.
 *
 * Throws backend_unavailable, with the files it looked for, if none is there or none loads.
 */
export function loadNative(file?: string): Native {
  const files = file === undefined ? addonFiles().map((path) => join(root, path)) : [file];
  const found = files.filter((path) => existsSync(path));
  let failure: unknown;
  for (const path of found) {
    try {
      return createRequire(import.meta.url)(path) as Native;
    } catch (cause) {
      failure ??= cause;
    }
  }
  const looked = files.map((path) => relative(root, path)).join(" and ");
  const text =
    found.length === 0
      ? `the native kernels are not built (looked for ${looked}): run \`${SETUP}\`; ` +
        "it needs a C++20 compiler"
      : `the native kernels do not load here (tried ${looked}): run \`${SETUP}\` on this machine`;
  throw new VireoError("backend_unavailable", text, { cause: failure });
}
