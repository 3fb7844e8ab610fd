import { bind } from "./arguments.ts";
import { equals, iterate } from "./operators.ts";
import type { Run } from "./run.ts";
import { characterCount } from "./text.ts";
import type { CallValues } from "./values.ts";
import {
  isDict,
  Special,
  sequenceOf,
  Tuple,
  textOf,
  Undefined,
  type Value,
  View,
  valueOr,
} from "./values.ts";

/** Renders the loop's body again for other items, one level deeper. */
export type Recurse = (items: Value, depth: number, run: Run) => Value;

/** A loop under way, and the object `loop` that its body sees. */
export class Loop {
  readonly special: Special;
  private readonly run: Run;
  private readonly depth0: number;
  private readonly recurse: Recurse | undefined;
  private iterator: Iterator<Value>;
  private length: number | undefined;
  private index0 = -1;
  private before: Value | undefined;
  private current: Value | undefined;
  /** Read ahead of the loop, for `last` and `nextitem`. */
  private after: IteratorResult<Value> | undefined;
  private lastChanged: Tuple | undefined;

  /** `size`: the number of items, if it is known before they are read. */
  constructor(
    items: Iterable<Value>,
    size: number | undefined,
    run: Run,
    depth0: number,
    recurse: Recurse | undefined,
  ) {
    this.iterator = items[Symbol.iterator]();
    this.length = size;
    this.run = run;
    this.depth0 = depth0;
    this.recurse = recurse;
    this.special = new Special({
      type: "LoopContext",
      attribute: (name) => this.attribute(name),
      call: (args) => this.call(args),
      length: () => this.total(),
      print: () => `<LoopContext ${this.index0 + 1}/${this.total()}>`,
    });
  }

  /** The next item; undefined at the end. */
  advance(): Value | undefined {
    const next = this.peek();
    this.after = undefined;
    if (next.done === true) return undefined;
    this.index0 += 1;
    this.before = this.current;
    this.current = next.value;
    return next.value;
  }

  private peek(): IteratorResult<Value> {
    this.after ??= this.iterator.next();
    return this.after;
  }

  private total(): number {
    if (this.length !== undefined) return this.length;
    const hasNext = this.after !== undefined && this.after.done !== true;
    const rest: Value[] = [];
    for (let next = this.iterator.next(); next.done !== true; next = this.iterator.next()) {
      this.run.spend(1);
      rest.push(next.value);
    }
    this.iterator = rest.values();
    this.length = this.index0 + 1 + rest.length + (hasNext ? 1 : 0);
    return this.length;
  }

  private attribute(name: string): Value | undefined {
    switch (name) {
      case "index":
        return this.index0 + 1;
      case "index0":
        return this.index0;
      case "first":
        return this.index0 === 0;
      case "last":
        return this.peek().done === true;
      case "length":
        return this.total();
      case "revindex":
        return this.total() - this.index0;
      case "revindex0":
        return this.total() - this.index0 - 1;
      case "depth":
        return this.depth0 + 1;
      case "depth0":
        return this.depth0;
      case "previtem":
        return valueOr(this.before, () => new Undefined("there is no previous item"));
      case "nextitem": {
        const next = this.peek();
        return next.done === true ? new Undefined("there is no next item") : next.value;
      }
      case "cycle":
        return method("cycle", (args) => this.cycle(args));
      case "changed":
        return method("changed", (args) => this.changed(args));
      default:
        return undefined;
    }
  }

  private cycle({ positional }: CallValues): Value {
    if (positional.length === 0) throw new TypeError("cycle needs items");
    return positional[this.index0 % positional.length]!;
  }

  private changed({ positional }: CallValues): Value {
    const now = new Tuple(positional);
    if (this.lastChanged !== undefined && equals(this.lastChanged, now, this.run)) return false;
    this.lastChanged = now;
    return true;
  }

  private call(args: CallValues): Value {
    const [items] = bind("loop", args, ["iterable"], 1);
    if (this.recurse === undefined) throw new TypeError("the loop is not marked as recursive");
    return this.recurse(items!, this.depth0 + 1, this.run);
  }
}

function method(name: string, call: (args: CallValues) => Value): Special {
  return new Special({ type: "method", call, print: () => `<bound method ${name}>` });
}

/** The items of a loop, and their number if it is known at once. */
export function loopItems(
  value: Value,
  run: Run,
): { readonly items: Iterable<Value>; readonly size: number | undefined } {
  const items = iterate(value, run);
  const text = textOf(value);
  if (text !== undefined) return { items, size: characterCount(text) };
  if (isDict(value)) return { items, size: value.size };
  if (value instanceof View) return { items, size: value.dict.size };
  return { items, size: value instanceof Undefined ? 0 : sequenceOf(value)?.length };
}
