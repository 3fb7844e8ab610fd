const SIMPLE = new Map([
  ["\n", ""],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
]);
const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/gu;

/** Returns the value of a string literal's content; undefined for an escape invalid in Python. */
export function unescapeLiteral(inside: string): string | undefined {
  if (!inside.includes("\\")) return inside;
  let broken = false;
  const value = inside.replace(ESCAPE, (whole, x, u, long, octal, other: string | undefined) => {
    const hex: string | undefined = x ?? u ?? long;
    const code = hex === undefined ? Number.parseInt(octal ?? "0", 8) : Number.parseInt(hex, 16);
    if (hex !== undefined || octal !== undefined) {
      if (code <= 0x10ffff) return String.fromCodePoint(code);
      broken = true;
      return "";
    }
    if (other === "x" || other === "u" || other === "U" || other === "N") broken = true;
    return SIMPLE.get(other ?? "") ?? whole;
  });
  return broken ? undefined : value;
}
