import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { Expression, Grammar } from "./expression.ts";
import { utf8Sequences } from "./utf8.ts";

/**
 * Kinds of nodes. byte: read a byte from `a` to `b`, then `next`. split: `a` or `b`. call: the
 * nodes from `a` to an end, then `next`. end: return to the caller, or end the text.
 */
export const NODE = Object.freeze({ byte: 0, split: 1, call: 2, end: 3 });

/** A grammar as a network of nodes over the bytes of a text. */
export interface Program {
  readonly start: number;
  readonly kind: Uint8Array;
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly next: Int32Array;
  /** 1 for nodes that can reach an end; the others are never entered. */
  readonly live: Uint8Array;
  /** Class of each byte, 0 to classes − 1; no node distinguishes bytes of one class. */
  readonly classOf: Uint8Array;
  readonly classes: number;
}

const END = 0;

/**
 * Compiles a grammar in time proportional to its size. Parts that cannot end, such as an object
 * that must contain itself, are never entered, so that every allowed prefix can be completed.
 *
 * Throws invalid_schema if the grammar is too large, allows no text, or is left-recursive.
 */
export function compileProgram({ root, rules }: Grammar): Program {
  const network = new Network(rules);
  const program = network.finish(network.emit(root, END));
  if (program.live[program.start] === 0) {
    throw invalid("allows no answer at all: its conditions contradict each other or never end");
  }
  refuseLeftRecursion(program);
  return program;
}

function invalid(why: string): VireoError {
  return new VireoError("invalid_schema", `the grammar ${why}`);
}

class Network {
  private readonly kind: number[] = [NODE.end];
  private readonly a: number[] = [0];
  private readonly b: number[] = [0];
  private readonly next: number[] = [0];
  private readonly bodies: ReadonlyMap<string, Expression>;
  private readonly starts = new Map<string, number>();
  private readonly waiting: string[] = [];

  constructor(rules: ReadonlyMap<string, Expression>) {
    this.bodies = rules;
  }

  /** Emits nodes that match the expression and continue at `next`. Returns the first. */
  emit(of: Expression, next: number): number {
    switch (of.kind) {
      case "text":
        return Buffer.from(of.text).reduceRight(
          (then, byte) => this.node(NODE.byte, byte, byte, then),
          next,
        );
      case "characters":
        return this.either(
          utf8Sequences(of.ranges).map((bytes) =>
            bytes.reduceRight(
              (then, [first, last]) => this.node(NODE.byte, first, last, then),
              next,
            ),
          ),
        );
      case "sequence":
        return of.parts.reduceRight((then, part) => this.emit(part, then), next);
      case "choice":
        return this.either(of.options.map((option) => this.emit(option, next)));
      case "repeat":
        return this.emitRepeat(of, next);
      case "rule":
        return this.node(NODE.call, this.startOf(of.name), 0, next);
      case "lookahead":
        throw new Error("lookaheads must be converted to rules first");
    }
  }

  /** Emits the rules that were called and returns the program. */
  finish(start: number): Program {
    for (let name = this.waiting.pop(); name !== undefined; name = this.waiting.pop()) {
      const body = this.bodies.get(name);
      if (body === undefined) throw invalid(`has no rule ${JSON.stringify(name)}`);
      const place = this.starts.get(name)!;
      this.a[place] = this.emit(body, END);
      this.b[place] = this.a[place]!;
    }
    const nodes = {
      start,
      kind: Uint8Array.from(this.kind),
      a: Int32Array.from(this.a),
      b: Int32Array.from(this.b),
      next: Int32Array.from(this.next),
    };
    return { ...nodes, ...classesOf(nodes), live: nodesThatEnd(nodes, "over bytes") };
  }

  /** Copies share one body, so that nested counts add instead of multiply. */
  private emitRepeat(
    { of, min, max }: Expression & { readonly kind: "repeat" },
    next: number,
  ): number {
    if (min > max) return this.either([]);
    const single = min <= 1 && (max <= 1 || max === Number.POSITIVE_INFINITY);
    const body = single ? undefined : this.emit(of, END);
    const once = (then: number): number =>
      body === undefined ? this.emit(of, then) : this.node(NODE.call, body, 0, then);
    let then = next;
    if (max === Number.POSITIVE_INFINITY) {
      const loop = this.node(NODE.split, next, next, 0);
      this.a[loop] = once(loop);
      then = loop;
    } else {
      for (let count = min; count < max; count++) then = this.either([once(then), next]);
    }
    for (let count = 0; count < min; count++) then = once(then);
    return then;
  }

  /** The first node of a rule, whose body may be emitted later. */
  private startOf(name: string): number {
    const known = this.starts.get(name);
    if (known !== undefined) return known;
    const start = this.node(NODE.split, 0, 0, 0);
    this.starts.set(name, start);
    this.waiting.push(name);
    return start;
  }

  private either(starts: readonly number[]): number {
    const [first, ...others] = starts;
    if (first !== undefined) {
      return others.reduce((all, start) => this.node(NODE.split, all, start, 0), first);
    }
    const never = this.node(NODE.split, 0, 0, 0);
    this.a[never] = never;
    this.b[never] = never;
    return never;
  }

  private node(kind: number, a: number, b: number, next: number): number {
    const { nodes } = LIMITS.grammar;
    if (this.kind.length >= nodes) {
      throw invalid(`is too large: it needs more than ${nodes} nodes`);
    }
    this.a.push(a);
    this.b.push(b);
    this.next.push(next);
    return this.kind.push(kind) - 1;
  }
}

type Nodes = Omit<Program, "live" | "classOf" | "classes">;

function classesOf({ kind, a, b }: Nodes): { classOf: Uint8Array; classes: number } {
  const begins = new Uint8Array(257);
  for (let at = 0; at < kind.length; at++) {
    if (kind[at] !== NODE.byte) continue;
    begins[a[at]!] = 1;
    begins[b[at]! + 1] = 1;
  }
  let last = 0;
  const classOf = Uint8Array.from({ length: 256 }, (_, byte) => {
    if (byte > 0) last += begins[byte]!;
    return last;
  });
  return { classOf, classes: last + 1 };
}

/**
 * 1 for nodes that can reach an end, in any way or without reading a byte. Walks backwards from the
 * end and visits every edge once.
 */
function nodesThatEnd({ kind, a, b, next }: Nodes, how: "over bytes" | "at once"): Uint8Array {
  const found = new Uint8Array(kind.length);
  const users = usersOf({ kind, a, b, next });
  const waiting: number[] = [END];
  found[END] = 1;
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (let edge = users.begin[at]!; edge < users.begin[at + 1]!; edge++) {
      const user = users.of[edge]!;
      if (found[user] === 1) continue;
      const ends =
        kind[user] === NODE.byte
          ? how === "over bytes"
          : kind[user] === NODE.split || (found[a[user]!] === 1 && found[next[user]!] === 1);
      if (!ends) continue;
      found[user] = 1;
      waiting.push(user);
    }
  }
  return found;
}

/** Predecessors of every node: of[begin[node]] to of[begin[node + 1] − 1]. */
function usersOf({ kind, a, b, next }: Omit<Nodes, "start">): {
  readonly begin: Int32Array;
  readonly of: Int32Array;
} {
  const used = (at: number): readonly number[] => {
    if (kind[at] === NODE.byte) return [next[at]!];
    if (kind[at] === NODE.split) return [a[at]!, b[at]!];
    return kind[at] === NODE.call ? [a[at]!, next[at]!] : [];
  };
  const begin = new Int32Array(kind.length + 2);
  for (let at = 0; at < kind.length; at++) for (const to of used(at)) begin[to + 2]!++;
  for (let at = 1; at < begin.length; at++) begin[at]! += begin[at - 1]!;
  const of = new Int32Array(begin[kind.length + 1]!);
  for (let at = 0; at < kind.length; at++) for (const to of used(at)) of[begin[to + 1]!++] = at;
  return { begin, of };
}

/** A left-recursive rule would be called forever without reading a byte. */
function refuseLeftRecursion(program: Program): void {
  const empty = nodesThatEnd(program, "at once");
  const state = new Map<number, "open" | "done">();
  const { kind, a } = program;
  for (const first of [program.start, ...a.filter((_, at) => kind[at] === NODE.call)]) {
    if (state.has(first)) continue;
    const path = [{ body: first, calls: firstCalls(program, first, empty) }];
    state.set(first, "open");
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const called = top.calls.pop();
      if (called === undefined) {
        state.set(top.body, "done");
        path.pop();
      } else if (state.get(called) === "open") {
        throw invalid("has a rule that begins with itself; write it as a repetition");
      } else if (!state.has(called)) {
        state.set(called, "open");
        path.push({ body: called, calls: firstCalls(program, called, empty) });
      }
    }
  }
}

/** Bodies that a body may call before it reads a byte. */
function firstCalls(program: Program, body: number, empty: Uint8Array): number[] {
  const { kind, a, b, next, live } = program;
  const seen = new Set([body]);
  const calls = new Set<number>();
  for (const at of seen) {
    if (live[at] === 0) continue;
    if (kind[at] === NODE.split) seen.add(a[at]!).add(b[at]!);
    if (kind[at] !== NODE.call) continue;
    calls.add(a[at]!);
    if (empty[a[at]!] === 1) seen.add(next[at]!);
  }
  return [...calls];
}
