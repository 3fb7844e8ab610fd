const MAX_ORDER = 4;
/** The reference takes the logarithm of sys.float_info.min where no run of words is shared. */
const SMALLEST = 2 ** -1022;

/** Sentence BLEU of NLTK: runs of 1 to 4 words with equal weight, no smoothing. */
export function bleu(answer: readonly string[], gold: readonly string[]): number {
  const precisions = Array.from({ length: MAX_ORDER }, (_, at) => precision(answer, gold, at + 1));
  if (precisions[0] === 0) return 0;
  const sum = precisions.reduce((total, p) => total + Math.log(p === 0 ? SMALLEST : p), 0);
  const isShort = answer.length <= gold.length;
  const penalty = isShort ? Math.exp(1 - gold.length / answer.length) : 1;
  return penalty * Math.exp(sum / MAX_ORDER);
}

/** The share of the answer's runs of `order` words that the gold has too, each as often. */
function precision(answer: readonly string[], gold: readonly string[], order: number): number {
  const wanted = countRuns(gold, order);
  const runs = countRuns(answer, order);
  let shared = 0;
  for (const [run, count] of runs) shared += Math.min(count, wanted.get(run) ?? 0);
  return shared / Math.max(1, answer.length - order + 1);
}

function countRuns(words: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at + order <= words.length; at += 1) {
    const run = words.slice(at, at + order).join("\u0000");
    counts.set(run, (counts.get(run) ?? 0) + 1);
  }
  return counts;
}
