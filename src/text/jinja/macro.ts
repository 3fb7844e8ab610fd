import type { Evaluate, Frame, Scope } from "./scope.ts";
import type { CallValues } from "./values.ts";
import { Special, Tuple, Undefined, type Value, valueOr } from "./values.ts";

interface MacroParameter {
  readonly name: string;
  readonly slot: number;
  readonly fallback: Evaluate | undefined;
}

export interface MacroDefinition {
  /** Undefined for the block of a call. */
  readonly name: string | undefined;
  readonly parameters: readonly MacroParameter[];
  /** The macro's own; what it reads of `caller`, `kwargs` and `varargs` decides what it accepts. */
  readonly scope: Scope;
  /** Steps that a call's defaults may take. */
  readonly cost: number;
  readonly execute: (frame: Frame) => unknown;
}

/** A macro as a value; it sees the variables of the frame where it was defined. */
export function createMacro(macro: MacroDefinition, outer: Frame): Special {
  const { name = null, parameters, scope, cost, execute } = macro;
  const names = new Tuple(parameters.map((parameter) => parameter.name));
  const facts: Readonly<Record<string, Value>> = {
    name,
    arguments: names,
    catch_kwargs: scope.reads.has("kwargs"),
    catch_varargs: scope.reads.has("varargs"),
    caller: scope.reads.has("caller"),
  };
  return new Special({
    type: "Macro",
    attribute: (fact) => (Object.hasOwn(facts, fact) ? facts[fact] : undefined),
    call: (args, run) =>
      run.called(() => {
        run.spend(cost);
        const frame = outer.inner();
        setArguments(macro, args, frame);
        return run.capture(() => void execute(frame));
      }),
    print: () => (name === null ? "<Macro anonymous>" : `<Macro '${name}'>`),
  });
}

function setArguments(
  { name, parameters, scope }: MacroDefinition,
  { positional, named }: CallValues,
  frame: Frame,
): void {
  const rest = new Map<Value, Value>(named);
  const missing: MacroParameter[] = [];
  parameters.forEach((parameter, at) => {
    const isPositional = at < positional.length;
    const value = isPositional ? positional[at] : rest.get(parameter.name);
    if (!isPositional) rest.delete(parameter.name);
    if (value === undefined) missing.push(parameter);
    else frame.slots[parameter.slot] = value;
  });
  setImplicit(scope, frame, "caller", () => {
    const missing = (): Value => new Undefined("the macro was called without a block");
    const caller = valueOr(rest.get("caller"), missing);
    rest.delete("caller");
    return caller;
  });
  setImplicit(scope, frame, "varargs", () => new Tuple(positional.slice(parameters.length)));
  if (scope.reads.has("kwargs")) setImplicit(scope, frame, "kwargs", () => rest);
  else if (rest.size > 0) {
    const [unknown] = rest.keys();
    throw new TypeError(`macro ${name} has no argument ${String(unknown)}`);
  }
  if (positional.length > parameters.length && !scope.reads.has("varargs")) {
    throw new TypeError(`macro ${name} takes at most ${parameters.length} arguments`);
  }
  // In order, because a default may refer to an earlier parameter.
  for (const { name, slot, fallback } of missing) {
    const hint = `the parameter ${name} was not given`;
    frame.slots[slot] = valueOr(fallback?.(frame), () => new Undefined(hint));
  }
}

function setImplicit(scope: Scope, frame: Frame, name: string, make: () => Value): void {
  if (scope.reads.has(name)) frame.slots[scope.declare(name)] = make();
}
