import { GLOBALS } from "./globals.ts";
import type { Run } from "./run.ts";
import { Undefined, type Value, valueOr } from "./values.ts";

/**
 * The variables of one scope while a template runs. Slots are numbered by the `Scope` that was
 * compiled for it; an empty slot is a variable that has not been set.
 */
export class Frame {
  readonly run: Run;
  /** The variables that the template is rendered with. */
  readonly variables: ReadonlyMap<string, Value>;
  readonly parent: Frame | undefined;
  readonly slots: (Value | undefined)[] = [];

  constructor(run: Run, variables: ReadonlyMap<string, Value>, parent?: Frame) {
    this.run = run;
    this.variables = variables;
    this.parent = parent;
  }

  /** A frame inside this one. */
  inner(): Frame {
    return new Frame(this.run, this.variables, this);
  }

  set(slot: number, value: Value): void {
    this.slots[slot] = value;
  }
}

export type Evaluate = (frame: Frame) => Value;

interface Place {
  /** Number of frames outwards. */
  readonly depth: number;
  readonly slot: number;
}

/** Names that are only made for a loop or macro whose body reads them. */
const IMPLICIT = ["caller", "kwargs", "varargs"];

/** The names that one part of a template sets; compiled before it runs. */
export class Scope {
  readonly parent: Scope | undefined;
  readonly kind: "template" | "block" | "loop" | "macro";
  /** Whether the code may never run; unknown filters and tests in it fail only if it does. */
  isConditional = false;
  /** `loop` is read in this loop, or `caller`, `kwargs` or `varargs` in this macro. */
  readonly reads = new Set<string>();
  private readonly slots = new Map<string, number>();

  constructor(parent: Scope | undefined, kind: Scope["kind"]) {
    this.parent = parent;
    this.kind = kind;
  }

  /** The slot of a name that this scope sets. */
  declare(name: string): number {
    const slot = this.slots.get(name) ?? this.slots.size;
    this.slots.set(name, slot);
    return slot;
  }

  /** Reads a variable: the innermost that is set, then the caller's, then Jinja's own. */
  reader(name: string): Evaluate {
    this.noteRead(name);
    let places: readonly Place[] | undefined;
    return (frame) => {
      // Resolved at first use, when all later names are declared.
      places ??= this.placesOf(name);
      for (const { depth, slot } of places) {
        let at: Frame = frame;
        for (let i = 0; i < depth; i++) at = at.parent!;
        const value = at.slots[slot];
        if (value !== undefined) return value;
      }
      const { variables } = frame;
      const value = variables.has(name) ? variables.get(name) : GLOBALS.get(name);
      return valueOr(value, () => new Undefined(`${JSON.stringify(name)} is undefined`));
    };
  }

  /** Tells whether `break` and `continue` are inside a loop. */
  get isInLoop(): boolean {
    if (this.kind === "loop") return true;
    return this.kind !== "macro" && this.parent?.isInLoop === true;
  }

  private noteRead(name: string): void {
    const isLoop = name === "loop";
    if (!isLoop && !IMPLICIT.includes(name)) return;
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      if (scope.kind !== (isLoop ? "loop" : "macro") || scope.slots.has(name)) continue;
      scope.reads.add(name);
      scope.declare(name);
    }
  }

  private placesOf(name: string): Place[] {
    const places: Place[] = [];
    let depth = 0;
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      const slot = scope.slots.get(name);
      if (slot !== undefined) places.push({ depth, slot });
      depth += 1;
    }
    return places;
  }
}
