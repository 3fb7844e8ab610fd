// Cases of the language model: a prompt in one step, then the golden tokens one by one.

import { type Backend, GREEDY_ROW, PAGE_ROWS, rows, type Tensor } from "../backends/backend.ts";
import type { Model } from "../model/load.ts";
import { createState, type ModelState } from "../model/state.ts";
import { recordSpans, type SpanInput } from "../runtime/forward.ts";
import type { CaseFile } from "./case-files.ts";
import type { Comparison } from "./comparison.ts";
import { cachedRows, convState, ssmState } from "./states.ts";

export interface LanguageCase {
  readonly input_ids: readonly number[];
  readonly hidden_rows: readonly number[];
  readonly logits_rows: "all" | readonly number[];
  readonly greedy_ids: readonly number[];
  readonly greedy_top1_minus_top2: readonly number[];
}

interface Run {
  readonly backend: Backend;
  readonly model: Model;
  readonly state: ModelState;
  readonly file: CaseFile;
  readonly json: LanguageCase;
  readonly comparison: Comparison;
}

/** Not the first slot, and pages out of order, so that a wrong address shows. */
const SLOT = 1;
const SLOTS = 2;
export async function compareLanguage(
  backend: Backend,
  model: Model,
  file: CaseFile,
  comparison: Comparison,
  mediaRows: SpanInput["mediaRows"] = [],
): Promise<void> {
  const json = file.json as unknown as LanguageCase;
  const tokens = json.input_ids.length + json.greedy_ids.length;
  const count = Math.ceil(tokens / PAGE_ROWS);
  const pages = Array.from({ length: count }, (_, page) => count - page);
  const kvDtype = comparison.precision === "exact" ? "f32" : "bf16";
  const sizes = { slots: SLOTS, pages: count + 1, kvDtype } as const;
  const state = createState(backend, model.config, sizes);
  const run: Run = { backend, model, state, file, json, comparison };
  try {
    const first = await comparePrompt(run, pages, mediaRows);
    await compareState(run, "state", pages, json.input_ids.length);
    await compareDecoding(run, pages, first);
    await compareState(run, "state_after_decode", pages, tokens);
  } finally {
    for (const region of state.regions) backend.release(region);
  }
}

interface SampledToken {
  readonly token: number;
  /** Largest error of the logits from which it was sampled. */
  readonly error: number;
}

async function comparePrompt(
  { backend, model, state, file, json, comparison }: Run,
  pages: readonly number[],
  mediaRows: SpanInput["mediaRows"],
): Promise<SampledToken> {
  const { input_ids: ids, logits_rows: requestedRows } = json;
  const hiddenRows = Int32Array.from(json.hidden_rows);
  const logitRows = Int32Array.from(requestedRows === "all" ? ids.keys() : requestedRows);
  const step = backend.begin();
  const copies: Tensor[] = [];
  const span = { ids, position: 0, slot: SLOT, pages, mediaRows };
  const logits = recordSpans(step, model, state, [span], logitRows, (_, x) => {
    copies.push(step.gatherRows(x, hiddenRows));
  });
  const last = copies.at(-1)!;
  copies.push(step.rmsNorm(last, model.weights.finalNorm, model.config.text.eps));
  const token = step.sample(rows(logits, logits.rows - 1, 1), [GREEDY_ROW]);
  const [found, sampled, ...hidden] = await step.read(logits, token, ...copies);
  hidden.forEach((values, index) => {
    const layer = `hidden.layer.${index - 1}`;
    const at = index === hidden.length - 1 ? "hidden.final_norm" : layer;
    const name = index === 0 ? "hidden.embed" : at;
    comparison.close(name, values, file.tensors.floats(name));
  });
  const expected = file.tensors.floats("logits");
  comparison.close("logits", found!, expected);
  return { token: sampled![0]!, error: lastRowError(found!, expected, logits.cols) };
}

function lastRowError(actual: Float32Array, expected: Float32Array, cols: number): number {
  const target = expected.subarray(expected.length - cols);
  const line = actual.subarray(actual.length - cols);
  return line.reduce((max, value, i) => Math.max(max, Math.abs(value - target[i]!)), 0);
}

/**
 * Feeds the golden tokens, whichever tokens are sampled, so that one difference changes nothing
 * later. A sampled token must equal the golden one unless the measured error of the logits could
 * swap the best two.
 */
async function compareDecoding(
  { backend, model, state, file, json, comparison }: Run,
  pages: readonly number[],
  first: SampledToken,
): Promise<void> {
  const { greedy_ids: golden, greedy_top1_minus_top2: margins } = json;
  const expected = file.tensors.floats("decode.logits");
  const all = new Float32Array(expected.length);
  const tokens: SampledToken[] = [first];
  for (const [j, id] of golden.entries()) {
    const step = backend.begin();
    const position = json.input_ids.length + j;
    const span = { ids: [id], position, slot: SLOT, pages, mediaRows: [] };
    const logits = recordSpans(step, model, state, [span], Int32Array.of(0));
    const [row, sampled] = await step.read(logits, step.sample(logits, [GREEDY_ROW]));
    all.set(row!, j * logits.cols);
    const target = expected.subarray(j * logits.cols, (j + 1) * logits.cols);
    tokens.push({ token: sampled![0]!, error: lastRowError(row!, target, logits.cols) });
  }
  comparison.close("decode.logits", all, expected);
  let equal = 0;
  for (const [j, id] of golden.entries()) {
    const { token, error } = tokens[j]!;
    if (token === id) equal += 1;
    else if (margins[j]! > 2 * error) comparison.fail(`greedy token ${j} is ${token}, not ${id}`);
  }
  comparison.note(`greedy ${equal}/${golden.length}`);
}

/** prefix: "state" or "state_after_decode"; the latter has no keys and values. */
async function compareState(
  { backend, model, state, file, comparison }: Run,
  prefix: string,
  pages: readonly number[],
  tokens: number,
): Promise<void> {
  const { mamba } = model.config.text;
  for (const [index, layer] of state.layers.entries()) {
    const at = `${prefix}.${index}`;
    if (layer.kind === "mamba2") {
      const conv = await convState(backend, mamba, layer.mamba, SLOT);
      const golden = dropColumn(file.tensors.floats(`${at}.conv`), mamba.convKernel);
      comparison.close(`${at}.conv`, conv, golden);
      const ssm = await ssmState(backend, mamba, layer.mamba, SLOT, tokens);
      comparison.close(`${at}.ssm`, ssm, file.tensors.floats(`${at}.ssm`));
    } else if (layer.kind === "attention" && file.tensors.names.includes(`${at}.k`)) {
      const { k, v } = cachedRows(backend, layer.cache, pages, tokens);
      comparison.close(`${at}.k`, k, file.tensors.floats(`${at}.k`));
      comparison.close(`${at}.v`, v, file.tensors.floats(`${at}.v`));
    }
  }
}

/** Without the oldest of `cols` columns, which no further token needs. */
function dropColumn(values: Float32Array, cols: number): Float32Array {
  return values.filter((_, i) => i % cols !== 0);
}
