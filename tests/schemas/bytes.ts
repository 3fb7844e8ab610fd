import type { Grammar } from "../../src/grammar/expression.ts";
import { type CompiledGrammar, openGrammar } from "../../src/grammar/matcher.ts";
import { compileProgram } from "../../src/grammar/program.ts";
import { isAllowed, readVocabulary, type Vocabulary } from "../../src/grammar/vocabulary.ts";

/** The end token of `bytesVocabulary`; all others are one byte each. */
export const END = 256;
const EMPTY = new Uint8Array(0);

export function bytesVocabulary(): Promise<Vocabulary> {
  const bytesOf = (id: number): Uint8Array => (id < 256 ? Uint8Array.of(id) : EMPTY);
  return readVocabulary({ tokens: 257, bytesOf, eosIds: [END] });
}

export function compile(grammar: Grammar, vocabulary: Vocabulary): CompiledGrammar {
  return openGrammar(compileProgram(grammar), vocabulary);
}

/** The grammar allows exactly this text, as a whole. */
export function accepts(grammar: CompiledGrammar, text: string): boolean {
  const matcher = grammar.open();
  return [...Buffer.from(text)].every((byte) => matcher.accept(byte)) && matcher.mayEnd;
}

/**
 * A text that the grammar allows, by chance; undefined if it has not ended after `most` bytes.
 * `choose` picks one of that many.
 */
export function drawText(
  grammar: CompiledGrammar,
  choose: (count: number) => number,
  most = 2000,
): string | undefined {
  const matcher = grammar.open();
  const said: number[] = [];
  while (said.length < most) {
    if (matcher.finished) return Buffer.from(said).toString();
    const { allowed } = matcher;
    const ids = Array.from({ length: 257 }, (_, id) => id).filter((id) => isAllowed(allowed, id));
    const closing = ids.filter((id) => id === END || '"}],:'.includes(String.fromCharCode(id)));
    const from = closing.length > 0 && choose(3) === 0 ? closing : ids;
    const id = from[choose(from.length)]!;
    if (id === END) return Buffer.from(said).toString();
    if (!matcher.accept(id)) throw new Error(`the mask allows ${id}, the grammar does not`);
    said.push(id);
  }
  return undefined;
}

/** Pseudorandom numbers from a seed. */
export function chooser(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
    return ((mixed ^ (mixed >>> 12)) >>> 0) % count;
  };
}
