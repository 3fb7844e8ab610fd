// The fuzzing loop of one target: mutate, run, keep inputs that reach new code.

import { performance } from "node:perf_hooks";
import { VireoError } from "../../dist/core/errors.js";
import { Coverage } from "./coverage.mjs";
import { mutateBytes } from "./mutate-bytes.mjs";
import { mutateJson } from "./mutate-json.mjs";
import { createRandom } from "./random.mjs";

const MAX_INPUT_BYTES = 64 * 1024;
const MIN_BATCH = 16;
const MAX_BATCH = 4096;
const MAX_CORPUS = 4000;
/** A case is slow if the fastest of its runs takes longer. */
const SLOW_MS = 250;
const SLOW_RUNS = 3;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Converts between inputs, as the target takes them, and bytes, as they are stored. */
export const FORMS = {
  bytes: { read: (bytes) => bytes, write: (input) => input },
  text: { read: (bytes) => DECODER.decode(bytes), write: (input) => ENCODER.encode(input) },
  json: {
    read: (bytes) => JSON.parse(DECODER.decode(bytes)),
    write: (input) => ENCODER.encode(JSON.stringify(input)),
  },
};

/**
 * Runs a target until `cases` or `seconds` are used up.
 *
 * options: seed, cases, seconds, seeds (bytes of the seed files), onCase(bytes) before each case,
 * onFault({ kind, message, bytes }) for each new kind of fault.
 * Returns { cases, seconds, blocks, corpus }.
 */
export async function fuzz(target, options) {
  const run = new Run(target, options);
  await run.seed();
  while (run.goesOn()) await run.batch();
  return run.summary();
}

class Run {
  constructor(target, options) {
    this.target = target;
    this.options = options;
    this.form = FORMS[target.form];
    this.random = createRandom(options.seed);
    this.coverage = new Coverage(target.covers);
    this.dictionary = (target.dictionary ?? []).map((word) =>
      typeof word === "string" ? ENCODER.encode(word) : Uint8Array.from(word),
    );
    this.corpus = [];
    this.known = new Set();
    this.cases = 0;
    this.batchSize = MIN_BATCH;
    this.started = performance.now();
  }

  goesOn() {
    const { cases = Infinity, seconds = Infinity } = this.options;
    return this.cases < cases && (performance.now() - this.started) / 1000 < seconds;
  }

  async seed() {
    const own = await this.target.seeds();
    const stored = this.options.seeds.map((bytes) => this.form.read(bytes));
    this.coverage.skip();
    for (const input of [...own, ...stored]) {
      await this.try(input);
      this.corpus.push(input);
    }
    this.coverage.add(this.coverage.takeNew());
  }

  /** Runs one batch; if it reached new code, keeps the inputs that did. */
  async batch() {
    const inputs = [];
    for (let index = 0; index < this.batchSize && this.goesOn(); index++) {
      const input = this.mutate();
      inputs.push(input);
      await this.try(input);
    }
    const found = this.coverage.takeNew();
    this.batchSize *= found.length > 0 ? 0.5 : 2;
    this.batchSize = Math.min(MAX_BATCH, Math.max(MIN_BATCH, this.batchSize));
    if (found.length === 0) return;
    await this.keepUseful(inputs);
    this.coverage.add(found); // what did not run again, for example the first fill of a cache
  }

  /** Runs the inputs again, in ever smaller groups, and keeps those that reach new code. */
  async keepUseful(inputs) {
    for (const input of inputs) await this.try(input);
    const found = this.coverage.takeNew();
    if (found.length === 0) return;
    if (inputs.length === 1) {
      this.coverage.add(found);
      if (this.corpus.length < MAX_CORPUS) this.corpus.push(inputs[0]);
      return;
    }
    const half = inputs.length >> 1;
    await this.keepUseful(inputs.slice(0, half));
    await this.keepUseful(inputs.slice(half));
  }

  mutate() {
    const { random, corpus } = this;
    const recent = corpus.length > 8 && random.oneIn(3);
    const parent = recent ? corpus[corpus.length - 1 - random.below(8)] : random.pick(corpus);
    const other = random.pick(corpus);
    if (this.target.form === "json") {
      const { keys, values } = this.target;
      return mutateJson(parent, random, { keys, values, other });
    }
    const bytes = mutateBytes(this.form.write(parent), random, {
      dictionary: this.dictionary,
      other: this.form.write(other),
      maxBytes: this.target.maxBytes ?? MAX_INPUT_BYTES,
    });
    return this.form.read(bytes);
  }

  async try(input) {
    this.cases += 1;
    this.options.onCase?.(this.form, input);
    const started = performance.now();
    const fault = await this.faultOf(input);
    if (fault !== undefined) this.report("error", fault, input);
    if (performance.now() - started > SLOW_MS) await this.checkSlow(input);
  }

  async faultOf(input) {
    try {
      await this.target.run(input);
      return undefined;
    } catch (error) {
      return error instanceof VireoError ? undefined : error;
    }
  }

  async checkSlow(input) {
    let fastest = Infinity;
    for (let again = 0; again < SLOW_RUNS; again++) {
      const started = performance.now();
      await this.faultOf(input);
      fastest = Math.min(fastest, performance.now() - started);
    }
    if (fastest > SLOW_MS) this.report("slow", new Error(`took ${Math.round(fastest)} ms`), input);
  }

  report(kind, error, input) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const place = /\((?:file:\/\/)?[^()]*\/(dist|scripts)\/[^()]*\)/.exec(text)?.[0] ?? "";
    const key = kind === "slow" ? kind : `${error?.name}${place}`;
    if (this.known.has(key)) return;
    this.known.add(key);
    this.options.onFault({ kind, message: text, bytes: this.form.write(input) });
  }

  summary() {
    this.coverage.close();
    const seconds = (performance.now() - this.started) / 1000;
    const { cases, corpus } = this;
    return { cases, seconds, blocks: this.coverage.blocks.size, corpus: corpus.length };
  }
}
