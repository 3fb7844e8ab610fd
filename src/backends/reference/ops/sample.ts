import type { SampleRow } from "../../backend.ts";
import { rowOf, type View } from "./view.ts";

// The order of the steps: log probabilities come from the raw logits; then repetition, frequency
// and presence penalties, bias, temperature, top-k, top-p, min-p. Logits are float32 throughout.
// A token that is not allowed gets the logit NaN, which no addition changes.

interface Candidate {
  readonly logit: number;
  readonly id: number;
}

/** A 24-bit random number cannot select a token this far below the best, in log probability. */
const MIN_LOG_RATIO = -28;

export function sample(logits: View, rows: readonly SampleRow[], y: View): void {
  rows.forEach((options, r) => {
    const raw = rowOf(logits, r);
    const out = rowOf(y, r).fill(0);
    const token = chooseToken(raw, options);
    out[0] = token;
    if (token >= 0 && options.alternatives >= 0)
      logProbabilities(raw, token, options.alternatives, out);
  });
}

function chooseToken(raw: Float32Array, options: SampleRow): number {
  const logits = raw.slice();
  penalise(logits, options);
  if (options.allowed) forbidOthers(logits, options.allowed);
  return options.temperature <= 0 ? greedy(logits) : sampleToken(logits, options);
}

function penalise(logits: Float32Array, options: SampleRow): void {
  const { history, bias, repetitionPenalty, frequencyPenalty, presencePenalty } = options;
  for (let i = 0; i < history.length; i += 2) {
    const id = history[i]!;
    const times = history[i + 1]!;
    if (id < 0 || id >= logits.length) continue;
    const logit = logits[id]!;
    const repetition = Math.fround(repetitionPenalty);
    logits[id] = logit > 0 ? logit / repetition : logit * repetition;
    const frequency = Math.fround(Math.fround(frequencyPenalty) * times);
    logits[id]! -= Math.fround(frequency + (times > 0 ? Math.fround(presencePenalty) : 0));
  }
  for (const [id, value] of bias) {
    if (id >= 0 && id < logits.length) logits[id]! += Math.fround(value);
  }
}

function forbidOthers(logits: Float32Array, allowed: Int32Array): void {
  logits.forEach((_, id) => {
    const isAllowed = ((allowed[id >> 5]! >>> (id & 31)) & 1) === 1;
    if (!isAllowed) logits[id] = Number.NaN;
  });
}

/** Higher logit first, then lower id. */
function byLogit(a: Candidate, b: Candidate): number {
  return a.logit === b.logit ? a.id - b.id : b.logit > a.logit ? 1 : -1;
}

/** The lowest id of the highest logit, −1 if there is none; NaN is not higher than anything. */
function greedy(logits: Float32Array): number {
  let best = -1;
  logits.forEach((logit, id) => {
    if (logit > (logits[best] ?? Number.NEGATIVE_INFINITY)) best = id;
  });
  return best < 0 ? logits.indexOf(Number.NEGATIVE_INFINITY) : best;
}

function sampleToken(logits: Float32Array, options: SampleRow): number {
  const inverse = Math.fround(1 / Math.fround(options.temperature));
  let candidates: Candidate[] = [];
  logits.forEach((logit, id) => {
    if (logit > Number.NEGATIVE_INFINITY)
      candidates.push({ logit: Math.fround(logit * inverse), id });
  });
  candidates.sort(byLogit);
  const best = candidates[0];
  if (best === undefined) return greedy(logits);
  if (options.topK > 0) candidates = candidates.slice(0, options.topK);
  const minP = options.minP > 0 ? Math.fround(Math.log(Math.fround(options.minP))) : MIN_LOG_RATIO;
  const floor = Math.fround(best.logit + Math.max(minP, MIN_LOG_RATIO));
  candidates = candidates.filter(({ logit }) => logit >= floor);
  const weights = candidates.map(({ logit }) => Math.exp(logit - best.logit));
  let total = weights.reduce((a, b) => a + b, 0);
  const topP = Math.fround(options.topP);
  if (topP < 1) {
    let running = 0;
    let count = 0;
    while (count < candidates.length && running < topP * total) running += weights[count++]!;
    total = running;
    candidates = candidates.slice(0, Math.max(count, 1));
  }
  const target = Math.fround(options.uniform) * total;
  let running = 0;
  for (let i = 0; i < candidates.length; i++) {
    running += weights[i]!;
    if (target < running) return candidates[i]!.id;
  }
  return (candidates.at(-1) ?? best).id;
}

function logProbabilities(
  raw: Float32Array,
  token: number,
  alternatives: number,
  out: Float32Array,
): void {
  const candidates: Candidate[] = [];
  raw.forEach((logit, id) => {
    if (!Number.isNaN(logit)) candidates.push({ logit, id });
  });
  candidates.sort(byLogit);
  const top = candidates[0]?.logit ?? 0;
  let total = 0;
  for (const { logit } of candidates) total += Math.exp(logit - top);
  const base = top + Math.log(total);
  out[1] = raw[token]! - base;
  candidates.slice(0, alternatives).forEach(({ logit, id }, i) => {
    out[2 + 2 * i] = id;
    out[3 + 2 * i] = logit - base;
  });
}
