import { LIMITS } from "../../core/limits.ts";
import { Float, type Value } from "./values.ts";

/** Template values converted from JSON, and the size of the input. */
export class Converter {
  values = 0;
  characters = 0;

  /**
   * Objects become dicts and keep the order of their keys. A number without a fraction becomes an
   * integer. Members that are undefined are left out.
   *
   * Throws a RangeError for values that are nested too deeply.
   */
  convert(value: unknown, depth = 0): Value {
    this.values += 1;
    if (typeof value === "string") {
      this.characters += value.length;
      return value;
    }
    if (value === null || value === undefined || typeof value === "boolean") return value ?? null;
    if (typeof value === "number") return fromNumber(value);
    if (typeof value === "bigint") return value;
    if (depth > LIMITS.template.depth) throw new RangeError("a value is nested too deeply");
    if (Array.isArray(value)) return value.map((item) => this.convert(item, depth + 1));
    const dict = new Map<Value, Value>();
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      this.characters += key.length;
      dict.set(key, this.convert(item, depth + 1));
    }
    return dict;
  }
}

function fromNumber(value: number): Value {
  if (!Number.isInteger(value)) return new Float(value);
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  return BigInt(value);
}
