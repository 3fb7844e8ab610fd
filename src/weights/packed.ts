import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Backend, Matrix, MatrixSource, Region, Table, Tensor } from "../backends/backend.ts";
import { tensorAt } from "../backends/backend.ts";
import { assert } from "../core/assert.ts";
import type { WeightFormat } from "../core/dtype.ts";
import { VireoError } from "../core/errors.ts";
import { isAlive } from "../core/is-alive.ts";
import { checksumBytes, checksumsOf, type Damage, findDamage } from "./checksums.ts";

/** Rows [firstRow, firstRow + rows) of a packed matrix, read when they are needed. */
export interface MatrixPart {
  readonly name: string;
  readonly firstRow: number;
  readonly rows: number;
  /** Bytes of one row in the checkpoint, to choose how many are read at a time. */
  readonly rowBytes: number;
  read(from: number, to: number): Promise<MatrixSource>;
}

/**
 * Assigns memory to parameters. The code that describes a network runs twice: over a Measure, to
 * learn the size, and over a Placement in real memory.
 */
export interface Placer {
  vector(rows: number, cols: number, read: () => Promise<Float32Array>): Tensor;
  matrix(
    format: WeightFormat,
    outputs: number,
    inputs: number,
    parts: readonly MatrixPart[],
  ): Matrix;
  table(rows: number, cols: number, part: MatrixPart): Table;
}

export interface PackProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface PackedOptions {
  /** Names everything that the packed bytes depend on, beside the backend's kernels. */
  readonly key: string;
  /** Folder of the cache; undefined keeps the packed weights in memory alone. */
  readonly cacheDir?: string;
  readonly onProgress?: (progress: PackProgress) => void;
  /** Packed files up to this size are verified before use, larger ones later. Default: 256 MiB. */
  readonly verifyFirstBytes?: number;
}

export interface Packed<T> {
  readonly value: T;
  readonly region: Region;
  readonly fromCache: boolean;
  /** Reason why the packed weights could not be written to disk. */
  readonly cacheError?: string;
  /** The damaged part of an earlier packed file, which has been packed again. */
  readonly repaired?: Damage;
  /** Verifies a large file that is in use. Undefined: it was verified or is not from the cache. */
  readonly verifyLater?: (signal: AbortSignal) => Promise<Damage | undefined>;
}

/** Increase it when native/layout.h, the order of parameters or the format of files changes. */
const VERSION = 2;
const HEADER_BYTES = 4096;
const CHUNK_BYTES = 32 * 1024 * 1024;
const VERIFY_FIRST_BYTES = 256 * 1024 * 1024;
/** Speed of verifying a file that is in use: 12 GB take three minutes. */
const VERIFY_BYTES_PER_SECOND = 64 * 1024 * 1024;

type Job = { readonly bytes: number; readonly run: () => Promise<void> };

/**
 * Packs what `describe` names, or maps the result of an earlier run from the cache.
 *
 * A file that is not as its checksums say is removed and packed again.
 */
export async function placeWeights<T>(
  backend: Backend,
  describe: (placer: Placer) => T,
  options: PackedOptions,
): Promise<Packed<T>> {
  const measure = new Measure(backend);
  describe(measure);
  const file = fileFor(backend, measure.totalBytes, options);
  const { path, bytes } = file;
  const found = path !== undefined && (await isValid(path, file));
  const isSmall = bytes <= (options.verifyFirstBytes ?? VERIFY_FIRST_BYTES);
  const repaired = found && isSmall ? await findDamage(path, file.dataBytes) : undefined;
  if (found && repaired === undefined) {
    const region = backend.mapFile({ path, bytes });
    const place = new Placement(backend, region, measure);
    const value = describe(place);
    if (isSmall) return { value, region, fromCache: true };
    return { value, region, fromCache: true, verifyLater: (signal) => verifyInUse(file, signal) };
  }
  if (repaired !== undefined) await rm(path!, { force: true });
  const packed = await pack(backend, describe, measure, file, options);
  return repaired === undefined ? packed : { ...packed, repaired };
}

async function pack<T>(
  backend: Backend,
  describe: (placer: Placer) => T,
  measure: Measure,
  file: PackedFormat,
  { onProgress }: PackedOptions,
): Promise<Packed<T>> {
  const { path, dataBytes, bytes, header } = file;
  const { region, temporary, ...made } = await makeRegion(backend, path, bytes);
  let { cacheError } = made;
  try {
    const place = new Placement(backend, region, measure);
    const value = describe(place);
    await runJobs(place.jobs, onProgress);
    if (temporary && path) {
      backend.write(region, 0, header);
      const sums = await checksumsOf(dataBytes, (at, into) => backend.read(region, at, into));
      backend.write(region, dataBytes, sums);
      await backend.sync(region);
      cacheError = await putInPlace(temporary, path);
      if (file.outdatedPath) await rm(file.outdatedPath, { force: true }).catch(() => {});
    }
    const cacheProblem = cacheError === undefined ? {} : { cacheError };
    return { value, region, fromCache: false, ...cacheProblem };
  } catch (error) {
    backend.release(region);
    if (temporary) await rm(temporary, { force: true });
    throw error;
  }
}

/** Verifies a file that is in use; a damaged one is removed, so that the next start packs it. */
async function verifyInUse(file: PackedFormat, signal: AbortSignal): Promise<Damage | undefined> {
  const { path = "", dataBytes } = file;
  const damage = await findDamage(path, dataBytes, {
    bytesPerSecond: VERIFY_BYTES_PER_SECOND,
    signal,
  });
  if (damage !== undefined) await rm(path, { force: true });
  return damage;
}

/** Returns the reason of a failure. The mapping outlives the temporary file, which is removed. */
async function putInPlace(temporary: string, path: string): Promise<string | undefined> {
  try {
    await rename(temporary, path);
    return undefined;
  } catch (error) {
    await rm(temporary, { force: true });
    return messageOf(error);
  }
}

async function runJobs(
  jobs: readonly Job[],
  onProgress: PackedOptions["onProgress"],
): Promise<void> {
  const totalBytes = jobs.reduce((sum, job) => sum + job.bytes, 0);
  let doneBytes = 0;
  for (const job of jobs) {
    await job.run();
    doneBytes += job.bytes;
    onProgress?.({ doneBytes, totalBytes });
  }
}

/** A packed file: a header, the weights and their checksums. */
interface PackedFormat {
  /** Undefined: the weights stay in memory. */
  readonly path: string | undefined;
  /** The file of the same weights in the format without checksums. */
  readonly outdatedPath: string | undefined;
  readonly header: Buffer;
  readonly dataBytes: number;
  readonly bytes: number;
}

function fileFor(
  backend: Backend,
  dataBytes: number,
  { key, cacheDir }: PackedOptions,
): PackedFormat {
  const bytes = dataBytes + checksumBytes(dataBytes);
  const digestOf = (version: number, size: number): string => {
    const text = `vireo packed ${version} ${backend.name} ${backend.kernelSet} ${size} ${key}`;
    return createHash("sha256").update(text).digest("hex");
  };
  const pathOf = (digest: string) =>
    cacheDir && join(cacheDir, `${digest.slice(0, 24)}.vireo-packed`);
  const digest = digestOf(VERSION, bytes);
  const header = Buffer.from(`vireo packed weights\n${digest}\n`);
  const outdatedPath = pathOf(digestOf(1, dataBytes));
  return { path: pathOf(digest), outdatedPath, header, dataBytes, bytes };
}

async function isValid(path: string, { bytes, header }: PackedFormat): Promise<boolean> {
  const file = await open(path, "r").catch(() => undefined);
  if (!file) return false;
  try {
    const about = await file.stat();
    if (!about.isFile() || about.size !== bytes) return false;
    const found = Buffer.alloc(header.length);
    await file.read(found, 0, found.length, 0);
    return found.equals(header);
  } finally {
    await file.close();
  }
}

/**
 * Files that this process packs or has packed. In a container, an earlier process may have had the
 * same pid, so the pid alone does not identify ours.
 */
const beingPacked = new Set<string>();

/** Memory for the packed weights: a new file beside its final place, or, failing that, RAM. */
async function makeRegion(backend: Backend, path: string | undefined, bytes: number) {
  if (!path) return { region: backend.allocate(bytes) };
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  beingPacked.add(temporary);
  try {
    await mkdir(dirname(path), { recursive: true });
    await removeAbandoned(path);
    return { region: backend.createFile({ path: temporary, bytes }), temporary };
  } catch (error) {
    return { region: backend.allocate(bytes), cacheError: messageOf(error) };
  }
}

/** Removes unfinished files of earlier processes that are no longer alive. */
async function removeAbandoned(path: string): Promise<void> {
  const begun = new RegExp(`^${basename(path)}\\.(\\d+)-[0-9a-f]{8}\\.tmp$`);
  for (const name of await readdir(dirname(path))) {
    const pid = Number(begun.exec(name)?.[1]);
    const file = join(dirname(path), name);
    const isOurs = pid === process.pid;
    if (Number.isNaN(pid) || (isOurs ? beingPacked.has(file) : isAlive(pid))) continue;
    await rm(file, { force: true });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}

class Measure implements Placer {
  vectorBytes = 0;
  matrixBytes = 0;
  private readonly backend: Backend;

  constructor(backend: Backend) {
    this.backend = backend;
  }

  get totalBytes(): number {
    return HEADER_BYTES + this.vectorBytes + this.matrixBytes;
  }

  vector(rows: number, cols: number): Tensor {
    this.vectorBytes += align(rows * cols * 4);
    return { buffer: -1, offset: 0, rows, cols, stride: cols };
  }

  matrix(format: WeightFormat, outputs: number, inputs: number): Matrix {
    this.matrixBytes += this.backend.matrixBytes(format, outputs, inputs);
    return { id: -1, format, outputs, inputs };
  }

  table(rows: number, cols: number): Table {
    this.matrixBytes += align(rows * cols * 2);
    return { buffer: -1, offset: 0, rows, cols };
  }
}

/** Places vectors first: their offsets count floats in 32 bits, those of matrices 64-byte lines. */
class Placement implements Placer {
  readonly jobs: Job[] = [];
  private readonly backend: Backend;
  private readonly region: Region;
  private vectorAt = HEADER_BYTES;
  private matrixAt: number;

  constructor(backend: Backend, region: Region, measure: Measure) {
    this.backend = backend;
    this.region = region;
    this.matrixAt = HEADER_BYTES + measure.vectorBytes;
  }

  vector(rows: number, cols: number, read: () => Promise<Float32Array>): Tensor {
    const { backend, region } = this;
    const at = this.vectorAt;
    const bytes = rows * cols * 4;
    this.vectorAt += align(bytes);
    const run = async (): Promise<void> => {
      const values = await read();
      assert(values.length === rows * cols, "a vector has its planned length");
      const { buffer, byteOffset, byteLength } = values;
      backend.write(region, at, new Uint8Array(buffer, byteOffset, byteLength));
    };
    this.jobs.push({ bytes, run });
    return tensorAt(region, at, rows, cols);
  }

  matrix(
    format: WeightFormat,
    outputs: number,
    inputs: number,
    parts: readonly MatrixPart[],
  ): Matrix {
    const matrix = this.backend.matrix(this.region, this.matrixAt, format, outputs, inputs);
    this.matrixAt += this.backend.matrixBytes(format, outputs, inputs);
    for (const part of parts) {
      for (const [from, to] of chunks(part)) {
        const bytes = (to - from) * part.rowBytes;
        const run = async (): Promise<void> => {
          const source = await part.read(from, to);
          const bad = await this.backend.pack(matrix, part.firstRow + from, to - from, source);
          if (bad > 0) throw notFinite(part.name, bad);
        };
        this.jobs.push({ bytes, run });
      }
    }
    return matrix;
  }

  table(rows: number, cols: number, part: MatrixPart): Table {
    const at = this.matrixAt;
    this.matrixAt += align(rows * cols * 2);
    for (const [from, to] of chunks(part)) {
      const bytes = (to - from) * part.rowBytes;
      const run = async (): Promise<void> => {
        const source = await part.read(from, to);
        const place = at + from * cols * 2;
        const bad = await this.backend.packTable(this.region, place, source);
        if (bad > 0) throw notFinite(part.name, bad);
      };
      this.jobs.push({ bytes, run });
    }
    return { buffer: this.region.buffer, offset: at, rows, cols };
  }
}

function* chunks(part: MatrixPart): Generator<readonly [number, number]> {
  const step = Math.max(1, Math.floor(CHUNK_BYTES / part.rowBytes));
  for (let from = 0; from < part.rows; from += step) {
    yield [from, Math.min(from + step, part.rows)];
  }
}

function notFinite(name: string, count: number): VireoError {
  const text = `${name} holds ${count} values that are not numbers; the checkpoint is damaged`;
  return new VireoError("invalid_checkpoint", text);
}
