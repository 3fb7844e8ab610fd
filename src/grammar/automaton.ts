import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { NODE, type Program } from "./program.ts";

/** State that no allowed text reaches. */
export const DEAD = 1;
const UNKNOWN = 0;
const START = 2;
/** Frame of the root: an end in it ends the text. */
const OUTSIDE = 0;
const INITIAL_STATES = 64;
/** Entries of `Memory.places` whose comparison with a byte takes as long as one visit. */
const PLACES_PER_VISIT = 32;

/** Cached states and transitions. Numbers of states and frames are valid within one memory. */
export interface Memory {
  /** Transitions by state and byte class: a state, DEAD, or 0 if not computed yet. */
  table: Int32Array;
  /** Positions of each state as pairs of byte node and frame. */
  readonly places: Int32Array[];
  readonly accepting: boolean[];
  readonly states: Map<string, number>;
  readonly frameReturn: number[];
  readonly frameParent: number[];
  readonly frames: Map<number, number>;
  /** Number of frames that were transferred from an older memory. */
  framesTransferred: number;
}

/**
 * Runs a program over bytes as a lazily built deterministic automaton. A state is the set of all
 * positions in the grammar that a text may have reached; each transition is computed once.
 *
 * A position is a node and a frame (the return address of its rule). States and frames are
 * interned, so that equal sets are the same state. Memory is bounded: `clear` starts a new one, and
 * `transfer` carries over a state that is still in use.
 */
export class Automaton {
  readonly classOf: Uint8Array;
  readonly classes: number;
  memory: Memory;
  private readonly program: Program;
  /** One byte of each class. */
  private readonly byteOf: Uint8Array;
  /** Visits of positions that are still allowed; bounds the time of one call. */
  workLeft = 0;

  constructor(program: Program) {
    this.program = program;
    this.classOf = program.classOf;
    this.classes = program.classes;
    this.byteOf = new Uint8Array(program.classes);
    this.classOf.forEach((of, byte) => {
      this.byteOf[of] = byte;
    });
    this.memory = this.newMemory();
    this.clear();
  }

  get start(): number {
    return START;
  }

  get stateCount(): number {
    return this.memory.places.length;
  }

  /** The memory is large enough that it should be cleared. */
  get isFull(): boolean {
    const { places, frames, framesTransferred } = this.memory;
    const statesMany = places.length > LIMITS.grammar.states / 2;
    const framesMany =
      frames.size > LIMITS.grammar.frames / 2 && frames.size > 2 * framesTransferred;
    return statesMany || framesMany;
  }

  /** Starts a new memory with the start state only. Users of the old one keep it alive. */
  clear(): void {
    this.memory = this.newMemory();
    this.memory.table.fill(DEAD, DEAD * this.classes, (DEAD + 1) * this.classes);
    this.workLeft = LIMITS.grammar.work;
    this.intern([[this.program.start, OUTSIDE]]);
  }

  /** Copies a state of an older memory into the current one. */
  transfer(old: Memory, state: number): number {
    if (state === DEAD) return DEAD;
    const known = new Map([[OUTSIDE, OUTSIDE]]);
    const places = old.places[state]!;
    const transferred = new Int32Array(places.length);
    for (let at = 0; at < places.length; at += 2) {
      const chain: number[] = [];
      let frame = places[at + 1]!;
      for (; !known.has(frame); frame = old.frameParent[frame]!) chain.push(frame);
      for (const one of chain.toReversed()) {
        known.set(one, this.frame(old.frameReturn[one]!, known.get(old.frameParent[one]!)!));
      }
      transferred[at] = places[at]!;
      transferred[at + 1] = known.get(places[at + 1]!)!;
    }
    this.memory.framesTransferred = Math.max(
      this.memory.framesTransferred,
      this.memory.frames.size,
    );
    return this.stateOf(sorted(transferred), old.accepting[state] ?? false);
  }

  /** The text may end here. */
  mayEnd(state: number): boolean {
    return this.memory.accepting[state] ?? false;
  }

  /** The state after one more byte. Throws invalid_schema if the grammar is too ambiguous. */
  step(state: number, byte: number): number {
    const of = this.classOf[byte]!;
    const known = this.memory.table[state * this.classes + of]!;
    return known === UNKNOWN ? this.explore(state, of) : known;
  }

  /** Computes the state after a byte of that class and stores it in the table. */
  explore(state: number, classOfByte: number): number {
    const { a, b, next } = this.program;
    const byte = this.byteOf[classOfByte]!;
    const places = this.memory.places[state]!;
    const arrived: [number, number][] = [];
    for (let at = 0; at < places.length; at += 2) {
      const node = places[at]!;
      if (a[node]! <= byte && byte <= b[node]!) arrived.push([next[node]!, places[at + 1]!]);
    }
    this.spend(places.length / PLACES_PER_VISIT);
    const target = arrived.length === 0 ? DEAD : this.intern(arrived);
    this.memory.table[state * this.classes + classOfByte] = target;
    return target;
  }

  private newMemory(): Memory {
    return {
      table: new Int32Array(INITIAL_STATES * this.classes),
      places: [new Int32Array(0), new Int32Array(0)],
      accepting: [false, false],
      states: new Map(),
      frameReturn: [0],
      frameParent: [0],
      frames: new Map(),
      framesTransferred: 0,
    };
  }

  /** The state of these positions and of all positions reachable from them without a byte. */
  private intern(arrived: [number, number][]): number {
    const { kind, a, b, next, live } = this.program;
    const { frameReturn, frameParent } = this.memory;
    const seen = new Set<number>();
    const places: number[] = [];
    let ends = false;
    for (let place = arrived.pop(); place !== undefined; place = arrived.pop()) {
      this.spend(1); // repeated visits count too: an ambiguous grammar has many
      const [node, frame] = place;
      const key = frame * LIMITS.grammar.nodes + node;
      if (live[node] === 0 || seen.has(key)) continue;
      seen.add(key);
      if (seen.size > LIMITS.grammar.places) throw tooAmbiguous();
      if (kind[node] === NODE.byte) {
        places.push(node, frame);
      } else if (kind[node] === NODE.split) {
        arrived.push([a[node]!, frame], [b[node]!, frame]);
      } else if (kind[node] === NODE.call) {
        if (live[next[node]!] === 1) arrived.push([a[node]!, this.frame(next[node]!, frame)]);
      } else if (frame === OUTSIDE) {
        ends = true;
      } else {
        arrived.push([frameReturn[frame]!, frameParent[frame]!]);
      }
    }
    return this.stateOf(sorted(Int32Array.from(places)), ends);
  }

  private spend(visits: number): void {
    this.workLeft -= visits;
    if (this.workLeft < 0) throw tooAmbiguous();
  }

  /** Interns a frame. A tail call returns to the rule's own caller and needs no frame. */
  private frame(returnTo: number, parent: number): number {
    const { frames, frameReturn, frameParent } = this.memory;
    if (this.program.kind[returnTo] === NODE.end) return parent;
    const key = parent * LIMITS.grammar.nodes + returnTo;
    const known = frames.get(key);
    if (known !== undefined) return known;
    if (frames.size >= LIMITS.grammar.frames) throw tooAmbiguous();
    frameReturn.push(returnTo);
    const frame = frameParent.push(parent) - 1;
    frames.set(key, frame);
    return frame;
  }

  private stateOf(places: Int32Array, ends: boolean): number {
    const { memory } = this;
    const key = `${ends ? 1 : 0},${places.join(",")}`;
    const known = memory.states.get(key);
    if (known !== undefined) return known;
    if (memory.places.length >= LIMITS.grammar.states) throw tooAmbiguous();
    const state = memory.places.push(places) - 1;
    memory.accepting.push(ends);
    memory.states.set(key, state);
    if (memory.table.length < (state + 1) * this.classes) {
      const larger = new Int32Array(memory.table.length * 2);
      larger.set(memory.table);
      memory.table = larger;
    }
    return state;
  }
}

/** Sorts the pairs, so that equal sets have equal keys. */
function sorted(places: Int32Array): Int32Array {
  const keys = Float64Array.from({ length: places.length / 2 }, (_, at) => {
    return places[2 * at]! * 2 ** 20 + places[2 * at + 1]!;
  }).sort();
  keys.forEach((key, at) => {
    places[2 * at] = Math.floor(key / 2 ** 20);
    places[2 * at + 1] = key % 2 ** 20;
  });
  return places;
}

function tooAmbiguous(): VireoError {
  const why =
    "the grammar can be read in too many ways at once, or the answer is nested too deeply; " +
    "make its alternatives differ early";
  return new VireoError("invalid_schema", why);
}
