import { trimEnd, trimStart } from "../../core/python/spaces.ts";
import type { MathOperator } from "./ast.ts";
import { Float, type Value } from "./values.ts";

export type Integer = number | bigint;

/** Python refuses to convert longer integers from and to text. */
const MAX_DIGITS = 4300;
const MAX_BITS = 14_284;

export function isInteger(value: Value | undefined): value is Integer {
  return typeof value === "number" || typeof value === "bigint";
}

/** A number, or a boolean as the number that it is in Python; undefined for other values. */
export function numberOf(value: Value): Integer | Float | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  return isInteger(value) || value instanceof Float ? value : undefined;
}

/** Converts an integer to an index or count. Throws for other values. */
export function indexOf(value: Value, what: string): number {
  const number = numberOf(value);
  if (!isInteger(number)) throw new TypeError(`${what} must be an integer`);
  return Number(number);
}

export function normalize(value: bigint): Integer {
  const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
  return isSafe ? Number(value) : value;
}

export function toFloat(value: Integer | Float): number {
  return value instanceof Float ? value.value : Number(value);
}

/** Arithmetic on two numbers, with Python's results for integers, floats and negative numbers. */
export function calculate(
  operator: MathOperator,
  left: Integer | Float,
  right: Integer | Float,
): Integer | Float {
  if (left instanceof Float || right instanceof Float) {
    return new Float(onFloats(operator, toFloat(left), toFloat(right)));
  }
  if (typeof left === "number" && typeof right === "number") {
    const result = onSmall(operator, left, right);
    if (result !== undefined) return result;
  }
  return onIntegers(operator, BigInt(left), BigInt(right));
}

/** The exact result if it is a safe integer; undefined leaves it to slower arithmetic. */
function onSmall(operator: MathOperator, left: number, right: number): number | undefined {
  let result: number;
  if (operator === "+") result = left + right;
  else if (operator === "-") result = left - right;
  else if (operator === "*") result = left * right;
  else return undefined;
  return Number.isSafeInteger(result) ? result + 0 : undefined;
}

function onIntegers(operator: MathOperator, left: bigint, right: bigint): Integer | Float {
  if (right === 0n && (operator === "/" || operator === "//" || operator === "%")) {
    throw new RangeError("division by zero");
  }
  const remainder = (): bigint => {
    const rest = left % right;
    return rest !== 0n && rest < 0n !== right < 0n ? rest + right : rest;
  };
  switch (operator) {
    case "+":
      return normalize(left + right);
    case "-":
      return normalize(left - right);
    case "*":
      return normalize(left * right);
    case "/":
      return new Float(Number(left) / Number(right));
    case "//":
      return normalize((left - remainder()) / right);
    case "%":
      return normalize(remainder());
    case "**":
      return power(left, right);
  }
}

function power(base: bigint, exponent: bigint): Integer | Float {
  if (exponent < 0n) return new Float(onFloats("**", Number(base), Number(exponent)));
  const bits = base.toString(2).length;
  if (BigInt(bits) * exponent > BigInt(2 * MAX_BITS)) throw tooLong();
  return normalize(base ** exponent);
}

function onFloats(operator: MathOperator, left: number, right: number): number {
  if (right === 0 && (operator === "/" || operator === "//" || operator === "%")) {
    throw new RangeError("division by zero");
  }
  const remainder = (): number => {
    const rest = left % right;
    if (rest === 0) return right < 0 ? -0 : 0;
    return rest < 0 !== right < 0 ? rest + right : rest;
  };
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "//":
      return Math.round((left - remainder()) / right);
    case "%":
      return remainder();
    case "**":
      if (left === 0 && right < 0) throw new RangeError("0.0 to a negative power");
      if (left < 0 && !Number.isInteger(right)) throw new TypeError("no real power");
      return left ** right;
  }
}

/** Bounds what multiplication can make of integers. */
export function assertShort(value: Integer): Integer {
  if (typeof value === "bigint" && BigInt.asIntN(2 * MAX_BITS, value) !== value) throw tooLong();
  return value;
}

function tooLong(): RangeError {
  return new RangeError(`an integer of more than ${MAX_DIGITS} digits`);
}

/** Throws as Python does for an integer that is too long to print. */
export function printInteger(value: Integer): string {
  const text = String(value);
  if (text.length > MAX_DIGITS + 1) throw tooLong();
  return text;
}

const PREFIX = new Map([
  ["0b", 2],
  ["0o", 8],
  ["0x", 16],
]);

/** Reads an integer as Python's `int(text, base)` does; base 0 looks for a prefix. */
export function parseInteger(text: string, base: number): Integer | undefined {
  const found = /^([-+]?)(.*)$/s.exec(trimStart(trimEnd(text)));
  let digits = (found?.[2] ?? "").toLowerCase();
  const prefixed = PREFIX.get(digits.slice(0, 2));
  let radix = base === 0 ? 10 : base;
  if (prefixed !== undefined && (base === 0 || base === prefixed)) {
    radix = prefixed;
    digits = digits.slice(2).replace(/^_/, "");
  }
  if (!/^[\da-z]+(?:_[\da-z]+)*$/.test(digits)) return undefined;
  if (radix < 2 || radix > 36 || digits.length > MAX_DIGITS) return undefined;
  digits = digits.replaceAll("_", "");
  if ([...digits].some((digit) => Number.parseInt(digit, 36) >= radix)) return undefined;
  let value = 0n;
  if (radix === 10) value = BigInt(digits);
  else
    for (const digit of digits) value = value * BigInt(radix) + BigInt(Number.parseInt(digit, 36));
  return normalize(found?.[1] === "-" ? -value : value);
}
