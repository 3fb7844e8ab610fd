// The mean of BLEU, METEOR, F and 1 − edit distance, for transcriptions and translations.

import { textDistance } from "../../levenshtein.ts";
import { length, words } from "../../python/text.ts";
import { bleu } from "./bleu.ts";
import { meteor, type Synonyms } from "./meteor.ts";

export interface OcrMean {
  readonly bleu: number;
  readonly meteor: number;
  readonly f: number;
  readonly edit: number;
  readonly mean: number;
}

const IDEOGRAPH = /[\u4e00-\u9fa5]/;

/**
 * Compares an answer that is not empty with its gold text. Texts with Chinese characters are split
 * into characters, where the reference uses a dictionary of words (jieba).
 */
export function ocrMean(answer: string, gold: string, synonyms?: Synonyms): OcrMean {
  const split = isChinese(answer, gold) ? charactersOf : words;
  const [read, wanted] = [split(answer), split(gold)];
  const parts = {
    bleu: bleu(read, wanted),
    meteor: meteor(read, wanted, synonyms),
    f: overlapF(new Set(read), new Set(wanted)),
    edit: textDistance(answer, gold) / Math.max(1, length(answer), length(gold)),
  };
  const mean = (parts.bleu + parts.meteor + parts.f + (1 - parts.edit)) / 4;
  return { ...parts, mean };
}

export function isChinese(answer: string, gold: string): boolean {
  return IDEOGRAPH.test(answer) || IDEOGRAPH.test(gold);
}

/** Characters without blanks. Letters and digits of other scripts stay together. */
function charactersOf(text: string): string[] {
  return text.match(/[\p{Script=Han}]|[\p{L}\p{N}]+|\S/gu) ?? [];
}

function overlapF(read: ReadonlySet<string>, wanted: ReadonlySet<string>): number {
  const shared = [...read].filter((word) => wanted.has(word)).length;
  if (shared === 0) return 0;
  const [precision, recall] = [shared / read.size, shared / wanted.size];
  return 1 / (0.5 / precision + 0.5 / recall);
}
