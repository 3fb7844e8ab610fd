import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { NODE, type Program } from "./program.ts";

/** No text that the grammar allows goes on like this. */
export const DEAD = 1;
const UNKNOWN = 0;
/** The caller of the root: what ends there ends the text. */
const OUTSIDE = 0;
const STATES_FIRST = 64;

/**
 * Reads bytes by a program, and remembers what it has found out: a state is the set of all places
 * in the grammar where a text may have arrived, and its transitions are looked up once.
 *
 * A place is a node and a frame (whereto its rule returns). Frames and states are kept once each,
 * so that equal sets are the same state. What is remembered is bounded: `reset` forgets all of it.
 */
export class Automaton {
  readonly start: number;
  /** Transitions by state and class of byte: a state, DEAD, or 0 for one not asked for yet. */
  table = new Int32Array(0);
  readonly classOf: Uint8Array;
  readonly classes: number;
  private readonly program: Program;
  /** One byte of each class. */
  private readonly byteOf: Uint8Array;
  /** Places of each state: node, frame, node, frame. Only byte nodes. */
  private places: Int32Array[] = [];
  private accepting: boolean[] = [];
  private states = new Map<string, number>();
  private frameReturn: number[] = [];
  private frameParent: number[] = [];
  private frames = new Map<number, number>();
  /** Places that may still be looked at before somebody has waited too long. */
  private workLeft = 0;

  constructor(program: Program) {
    this.program = program;
    this.classOf = program.classOf;
    this.classes = program.classes;
    this.byteOf = new Uint8Array(program.classes);
    this.classOf.forEach((of, byte) => {
      this.byteOf[of] = byte;
    });
    this.reset();
    this.start = DEAD + 1;
  }

  /** Forgets all states but the first. Numbers of others mean nothing afterwards. */
  reset(): void {
    this.table = new Int32Array(STATES_FIRST * this.classes);
    this.places = [new Int32Array(0), new Int32Array(0)];
    this.accepting = [false, false];
    this.states = new Map();
    this.frameReturn = [0];
    this.frameParent = [0];
    this.frames = new Map();
    this.allowWork();
    this.table.fill(DEAD, DEAD * this.classes, (DEAD + 1) * this.classes);
    this.intern([[this.program.start, OUTSIDE]]);
  }

  /** Begins a piece of work that a caller waits for: a mask, or a token. */
  allowWork(): void {
    this.workLeft = LIMITS.grammarWork;
  }

  get stateCount(): number {
    return this.places.length;
  }

  /** Much has been remembered: time for a reset, as soon as nobody is in the middle of a text. */
  get isFull(): boolean {
    return (
      this.places.length > LIMITS.grammarStates / 2 || this.frames.size > LIMITS.grammarFrames / 2
    );
  }

  /** The text may end here. */
  mayEnd(state: number): boolean {
    return this.accepting[state] ?? false;
  }

  /** The state after one more byte. Throws invalid_schema if the grammar is too ambiguous. */
  step(state: number, byte: number): number {
    const of = this.classOf[byte]!;
    const known = this.table[state * this.classes + of]!;
    return known === UNKNOWN ? this.explore(state, of) : known;
  }

  /** The state after a byte of that class, for a transition that is not in the table yet. */
  explore(state: number, classOfByte: number): number {
    const { a, b, next } = this.program;
    const byte = this.byteOf[classOfByte]!;
    const places = this.places[state]!;
    const arrived: [number, number][] = [];
    for (let at = 0; at < places.length; at += 2) {
      const node = places[at]!;
      if (a[node]! <= byte && byte <= b[node]!) arrived.push([next[node]!, places[at + 1]!]);
    }
    const target = arrived.length === 0 ? DEAD : this.intern(arrived);
    this.table[state * this.classes + classOfByte] = target;
    return target;
  }

  /** The state of these places and all that can be reached from them without a byte. */
  private intern(arrived: [number, number][]): number {
    const { kind, a, b, next, live } = this.program;
    const seen = new Set<number>();
    const places: [number, number][] = [];
    let ends = false;
    for (let place = arrived.pop(); place !== undefined; place = arrived.pop()) {
      const [node, frame] = place;
      const key = frame * LIMITS.grammarNodes + node;
      if (live[node] === 0 || seen.has(key)) continue;
      seen.add(key);
      if (seen.size > LIMITS.grammarPlaces) throw tooAmbiguous();
      if (kind[node] === NODE.byte) {
        places.push(place);
      } else if (kind[node] === NODE.split) {
        arrived.push([a[node]!, frame], [b[node]!, frame]);
      } else if (kind[node] === NODE.call) {
        if (live[next[node]!] === 1) arrived.push([a[node]!, this.frame(next[node]!, frame)]);
      } else if (frame === OUTSIDE) {
        ends = true;
      } else {
        arrived.push([this.frameReturn[frame]!, this.frameParent[frame]!]);
      }
    }
    this.workLeft -= seen.size;
    if (this.workLeft < 0) throw tooAmbiguous();
    places.sort(([a, b], [c, d]) => a - c || b - d);
    return this.stateOf(Int32Array.from(places.flat()), ends);
  }

  /** A call at the end of a rule returns to the rule's own caller: no frame for it. */
  private frame(returnTo: number, parent: number): number {
    if (this.program.kind[returnTo] === NODE.end) return parent;
    const key = parent * LIMITS.grammarNodes + returnTo;
    const known = this.frames.get(key);
    if (known !== undefined) return known;
    if (this.frames.size >= LIMITS.grammarFrames) throw tooAmbiguous();
    this.frameReturn.push(returnTo);
    const frame = this.frameParent.push(parent) - 1;
    this.frames.set(key, frame);
    return frame;
  }

  private stateOf(places: Int32Array, ends: boolean): number {
    const key = `${ends ? 1 : 0},${places.join(",")}`;
    const known = this.states.get(key);
    if (known !== undefined) return known;
    if (this.places.length >= LIMITS.grammarStates) throw tooAmbiguous();
    const state = this.places.push(places) - 1;
    this.accepting.push(ends);
    this.states.set(key, state);
    if (this.table.length < (state + 1) * this.classes) {
      const larger = new Int32Array(this.table.length * 2);
      larger.set(this.table);
      this.table = larger;
    }
    return state;
  }
}

function tooAmbiguous(): VireoError {
  const why =
    "the grammar can be read in too many ways at once; make its alternatives differ early";
  return new VireoError("invalid_schema", why);
}
