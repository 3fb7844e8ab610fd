/**
 * A value of Python, as literals and JSON give it. Whole numbers are bigints and floats are
 * numbers, because Python prints 1 and 1.0 differently and references compare what it prints.
 */
export type PythonValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | readonly PythonValue[]
  | PythonTuple
  | PythonDict;

export interface PythonTuple {
  readonly tuple: readonly PythonValue[];
}

/** Entries in order of insertion; a repeated key keeps its place and takes the new value. */
export type PythonDict = ReadonlyMap<PythonValue, PythonValue>;

export function isDict(value: PythonValue | undefined): value is PythonDict {
  return value instanceof Map;
}

export function isTuple(value: PythonValue | undefined): value is PythonTuple {
  return typeof value === "object" && value !== null && "tuple" in value;
}

export function isList(value: PythonValue | undefined): value is readonly PythonValue[] {
  return Array.isArray(value);
}

/** The items of a list or tuple; undefined for any other value. */
export function itemsOf(value: PythonValue | undefined): readonly PythonValue[] | undefined {
  if (isList(value)) return value;
  return isTuple(value) ? value.tuple : undefined;
}
