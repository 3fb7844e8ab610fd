import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { Automaton, DEAD, type Memory } from "./automaton.ts";
import { LAST_CODE_POINT } from "./expression.ts";
import type { Program } from "./program.ts";
import { utf8Sequences } from "./utf8.ts";
import {
  allow,
  BYTES_OF_GROUP,
  groupOf,
  isAllowed,
  LONG_CHARACTERS,
  type Vocabulary,
} from "./vocabulary.ts";

interface Mask {
  readonly words: Int32Array;
  /** Some token other than an end token is allowed. */
  readonly canContinue: boolean;
}

/**
 * A grammar over a vocabulary, with cached token masks by state. All answers with the same grammar
 * share it; each has its own `Matcher`.
 */
export class CompiledGrammar {
  readonly automaton: Automaton;
  private readonly vocabulary: Vocabulary;
  private readonly masks = new Map<number, Mask>();
  private readonly steps = new Map<number, { readonly to: number; readonly groups: number }>();

  constructor(program: Program, vocabulary: Vocabulary) {
    this.automaton = new Automaton(program);
    this.vocabulary = vocabulary;
  }

  open(): Matcher {
    return new Matcher(this);
  }

  bytesOf(token: number): Uint8Array {
    return this.vocabulary.bytesOf(token);
  }

  /** Clears all caches; matchers transfer their own state when they are used next. */
  clear(): void {
    this.automaton.clear();
    this.masks.clear();
    this.steps.clear();
  }

  maskOf(state: number): Mask {
    const known = this.masks.get(state);
    if (known) return known;
    const mask = this.makeMask(state);
    if (this.masks.size >= LIMITS.grammar.masks) {
      const [oldest] = this.masks.keys();
      this.masks.delete(oldest!);
    }
    this.masks.set(state, mask);
    return mask;
  }

  private makeMask(start: number): Mask {
    const { automaton, vocabulary } = this;
    const { tree, others } = vocabulary;
    const free = this.freeGroups(start);
    // tokens of free characters only are allowed without a walk
    const words =
      free === 0 ? new Int32Array(vocabulary.words) : vocabulary.maskOfGroups(free).slice();
    const { byte, depth, end, token, groups } = tree;
    const path = new Int32Array(tree.maxDepth + 1);
    path[0] = start;
    const { classes, classOf } = automaton;
    let { table } = automaton.memory;
    /** Depth of the first byte on the path that is not free; NONE if all are free. */
    let strayDepth = NONE;
    for (let at = 0; at < tree.nodes; ) {
      const level = depth[at]!;
      if (level <= strayDepth) strayDepth = NONE;
      if (strayDepth === NONE) {
        if ((groups[at]! & ~free) === 0) {
          at = end[at]!;
          continue;
        }
        if ((groupOf(byte[at]!) & free) === 0) strayDepth = level;
      }
      const classOfByte = classOf[byte[at]!]!;
      let to = table[path[level]! * classes + classOfByte]!;
      if (to === 0) {
        to = automaton.explore(path[level]!, classOfByte);
        table = automaton.memory.table;
      }
      if (to === DEAD) {
        at = end[at]!;
        continue;
      }
      allow(words, token[at]!);
      path[level + 1] = to;
      at += 1;
    }
    for (const [one, more] of others) {
      if (isAllowed(words, one)) for (const other of more) allow(words, other);
    }
    const canContinue = words.some((word) => word !== 0);
    if (automaton.mayEnd(start)) for (const id of vocabulary.eosIds) allow(words, id);
    return { words, canContinue };
  }

  /**
   * Groups of characters that may follow in any number and order, as inside a string: up to the
   * length of the longest token, each leads from a state to one and the same next state.
   */
  private freeGroups(start: number): number {
    let free = -1;
    let state = start;
    for (let level = 0; level < this.vocabulary.tree.maxDepth; level++) {
      const step = this.commonStep(state);
      free &= step.groups;
      if (free === 0 || step.to === state) return free;
      state = step.to;
    }
    return free;
  }

  /** The next state that most groups of characters lead to, and those groups. */
  private commonStep(state: number): { readonly to: number; readonly groups: number } {
    const known = this.steps.get(state);
    if (known) return known;
    const groupsTo = new Map<number, number>();
    BYTES_OF_GROUP.forEach((bytes, group) => {
      const to = this.commonTarget(state, bytes);
      if (to !== DEAD) groupsTo.set(to, (groupsTo.get(to) ?? 0) | (1 << group));
    });
    let common = { to: DEAD, groups: 0 };
    for (const [to, groups] of groupsTo) {
      if (countBits(groups) > countBits(common.groups)) common = { to, groups };
    }
    if (common.groups !== 0 && this.longCharactersReach(state, common.to)) {
      common = { to: common.to, groups: common.groups | LONG_CHARACTERS };
    }
    this.steps.set(state, common);
    return common;
  }

  private longCharactersReach(from: number, to: number): boolean {
    return LONG_SEQUENCES.every((ranges) => {
      let states = new Set([from]);
      for (const [first, last] of ranges) {
        const next = new Set<number>();
        for (const state of states) {
          for (let byte = first; byte <= last; byte++) next.add(this.automaton.step(state, byte));
          if (next.has(DEAD)) return false;
        }
        states = next;
      }
      return states.size === 1 && states.has(to);
    });
  }

  /** The state that all of the bytes lead to; DEAD if they lead to different ones. */
  private commonTarget(state: number, bytes: readonly number[]): number {
    const to = this.automaton.step(state, bytes[0]!);
    return bytes.every((byte) => this.automaton.step(state, byte) === to) ? to : DEAD;
  }
}

const NONE = 256;
const LONG_SEQUENCES = utf8Sequences([[0x80, LAST_CODE_POINT]]);

function countBits(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Position of one answer in its grammar. */
export class Matcher {
  private readonly grammar: CompiledGrammar;
  private memory: Memory;
  private state: number;
  /** Work budget of this answer: large bursts are allowed, but not with every token. */
  private workLeft: number = LIMITS.grammar.work;

  constructor(grammar: CompiledGrammar) {
    this.grammar = grammar;
    this.memory = grammar.automaton.memory;
    this.state = grammar.automaton.start;
  }

  /**
   * Bit mask of the tokens that may come next, with the end tokens if the text may end. The array
   * is shared; do not modify it. Throws invalid_schema if the grammar is too ambiguous.
   */
  get allowed(): Int32Array {
    return this.mask.words;
  }

  /** The text is complete and cannot be extended. */
  get finished(): boolean {
    return this.mayEnd && !this.mask.canContinue;
  }

  /** The text may end here. */
  get mayEnd(): boolean {
    this.sync();
    return this.grammar.automaton.mayEnd(this.state);
  }

  /** Advances by a token. Returns false and changes nothing if the token is not allowed. */
  accept(token: number): boolean {
    if (this.grammar.automaton.isFull) this.grammar.clear();
    this.sync();
    const { automaton } = this.grammar;
    automaton.workLeft = this.workLeft;
    const state = this.read(this.state, token);
    if (state === DEAD) return false;
    const { work, workPerToken } = LIMITS.grammar;
    this.workLeft = Math.min(automaton.workLeft + workPerToken, work);
    this.state = state;
    return true;
  }

  private get mask(): Mask {
    this.sync();
    const { automaton } = this.grammar;
    automaton.workLeft = this.workLeft;
    const mask = this.grammar.maskOf(this.state);
    this.workLeft = automaton.workLeft;
    return mask;
  }

  private read(from: number, token: number): number {
    const bytes = this.grammar.bytesOf(token);
    if (bytes.length === 0) return DEAD;
    let state = from;
    for (const byte of bytes) state = this.grammar.automaton.step(state, byte);
    return state;
  }

  private sync(): void {
    const { automaton } = this.grammar;
    if (this.memory === automaton.memory) return;
    this.state = automaton.transfer(this.memory, this.state);
    this.memory = automaton.memory;
  }
}

/**
 * Opens a grammar and computes its first mask, so that a grammar that is too ambiguous from the
 * start is refused before generation. Throws invalid_schema.
 */
export function openGrammar(program: Program, vocabulary: Vocabulary): CompiledGrammar {
  const compiled = new CompiledGrammar(program, vocabulary);
  const first = compiled.open();
  if (first.finished || first.allowed.some((word) => word !== 0)) return compiled;
  throw new VireoError("invalid_schema", "the grammar allows no text that this model can write");
}
