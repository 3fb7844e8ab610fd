// METEOR as NLTK computes it, with α 0.9, β 3, γ 0.5, and without the stage of WordNet synonyms
// unless they are given.

import { lower } from "../../python/text.ts";
import { stem } from "./porter.ts";

/** A word with its place. */
interface Placed {
  readonly at: number;
  readonly word: string;
}

/** Synonyms of a word as single words; a word need not be among its own. */
export type Synonyms = (word: string) => ReadonlySet<string>;

const ALPHA = 0.9;
const BETA = 3;
const GAMMA = 0.5;

/** 0 to 1, for lists of words. */
export function meteor(
  answer: readonly string[],
  gold: readonly string[],
  synonyms?: Synonyms,
): number {
  const matches = align(answer, gold, synonyms);
  if (matches.length === 0) return 0;
  const precision = matches.length / answer.length;
  const recall = matches.length / gold.length;
  const mean = (precision * recall) / (ALPHA * precision + (1 - ALPHA) * recall);
  const penalty = GAMMA * (chunksOf(matches) / matches.length) ** BETA;
  return (1 - penalty) * mean;
}

type Match = readonly [answerAt: number, goldAt: number];

/** Equal words first, then equal stems, then synonyms; sorted by place in the answer. */
function align(answer: readonly string[], gold: readonly string[], synonyms?: Synonyms): Match[] {
  const placed = (list: readonly string[]): Placed[] =>
    list.map((word, at) => ({ at, word: lower(word) }));
  const stems = (list: readonly Placed[]): Placed[] =>
    list.map(({ at, word }) => ({ at, word: stem(word) }));
  const equal = pair(placed(answer), placed(gold));
  const stemmed = pair(stems(equal.answer), stems(equal.gold));
  const related = synonyms === undefined ? [] : pairSynonyms(stemmed, synonyms);
  return [...equal.matches, ...stemmed.matches, ...related].sort(([a], [b]) => a - b);
}

interface Pairing {
  readonly matches: readonly Match[];
  /** The words left over, in order. */
  readonly answer: readonly Placed[];
  readonly gold: readonly Placed[];
}

/** Pairs from the right end: each answer word takes the last free gold word that equals it. */
function pair(answer: readonly Placed[], gold: readonly Placed[]): Pairing {
  const free = new Map<string, number[]>();
  for (const { at, word } of gold) {
    const places = free.get(word);
    if (places === undefined) free.set(word, [at]);
    else places.push(at);
  }
  const taken = new Set<number>();
  const matches: Match[] = [];
  const left: Placed[] = [];
  for (const placed of answer.toReversed()) {
    const goldAt = free.get(placed.word)?.pop();
    if (goldAt === undefined) {
      left.push(placed);
      continue;
    }
    taken.add(goldAt);
    matches.push([placed.at, goldAt]);
  }
  return { matches, answer: left.reverse(), gold: gold.filter(({ at }) => !taken.has(at)) };
}

/** The reference looks synonyms up by stem, because the stage before replaced the words. */
function pairSynonyms({ answer, gold }: Pairing, synonyms: Synonyms): Match[] {
  const free = [...gold];
  return answer.toReversed().flatMap(({ at, word }): Match[] => {
    const related = synonyms(word);
    const index = free.findLastIndex((other) => other.word === word || related.has(other.word));
    if (index < 0) return [];
    const [taken] = free.splice(index, 1);
    return [[at, taken!.at]];
  });
}

/** Runs of matches that are adjacent on both sides. */
function chunksOf(matches: readonly Match[]): number {
  return matches.filter(([answerAt, goldAt], at) => {
    const next = matches[at + 1];
    return next === undefined || next[0] !== answerAt + 1 || next[1] !== goldAt + 1;
  }).length;
}
