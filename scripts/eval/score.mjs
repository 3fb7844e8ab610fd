// The metric of each skill. Each function returns the points that an answer gets and the points
// that it could get (`of`); the caller sums both over the items of a skill. All functions are pure
// and tested in tests/scripts/eval.test.ts.

/** Returns the Levenshtein distance of two lists of characters. */
export function distance(a, b) {
  let row = Uint32Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = new Uint32Array(b.length + 1);
    next[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + same);
    }
    row = next;
  }
  return row[b.length];
}

const plain = (text) => text.replace(/\s+/gu, " ").trim();

/**
 * Counts character errors and characters; their ratio is the character error rate (CER). A run of
 * white space counts as one space.
 */
export function characters(answer, wanted) {
  const [a, b] = [[...plain(answer)], [...plain(wanted)]];
  return { points: distance(a, b), of: b.length };
}

/**
 * F1 over field = value pairs. An answer that is not a JSON object has no pairs, and a repeated key
 * is an error.
 */
export function fields(answer, wanted) {
  return overlap(pairsOf(answer), pairsOf(wanted));
}

/** F1 over the cells of CSV or Markdown with their row and column. */
export function cells(answer, wanted) {
  return overlap(placedCells(answer), placedCells(wanted));
}

/** 1 if the texts are equal apart from white space and a final full stop. */
export function exact(answer, wanted) {
  const bare = (text) => plain(text).replace(/\.$/u, "");
  return { points: bare(answer) === bare(wanted) ? 1 : 0, of: 1 };
}

/** 1 if the intersection over union of the boxes [x1, y1, x2, y2] is at least 0.5. */
export function boxes(answer, wanted) {
  const [a, b] = [box(answer), box(wanted)];
  if (a === undefined || b === undefined) return { points: 0, of: 1 };
  const side = (k) => Math.max(0, Math.min(a[k + 2], b[k + 2]) - Math.max(a[k], b[k]));
  const area = ([x1, y1, x2, y2]) => Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
  const common = side(0) * side(1);
  return { points: common / (area(a) + area(b) - common) >= 0.5 ? 1 : 0, of: 1 };
}

/** 1 for one call of the same tool with the same arguments in any order. */
export function toolCall(calls, wanted) {
  const { name, arguments: asked } = JSON.parse(wanted);
  const [call] = calls;
  const sorted = (text) => pairsOf(text).sort().join();
  const same =
    calls.length === 1 &&
    call.name === name &&
    sorted(call.arguments) === sorted(JSON.stringify(asked));
  return { points: same ? 1 : 0, of: 1 };
}

/** Returns the fields of a JSON object as "key=value", and "again" for each repeated key. */
function pairsOf(text) {
  const entries = Object.entries(parsed(text));
  const keys = text.match(/"(?:[^"\\]|\\.)*"\s*:/gu)?.length ?? 0;
  const again = Array(Math.max(0, keys - entries.length)).fill("again");
  return [...entries.map(([key, value]) => `${key}=${JSON.stringify(value)}`), ...again];
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function placedCells(text) {
  const rows = text.trim().split("\n");
  const marked = rows[0]?.includes("|");
  return rows
    .filter((row) => !/^\|(\s*-+\s*\|)+$/u.test(row))
    .flatMap((row, i) => {
      const parts = marked ? row.split("|").slice(1, -1) : row.split(",");
      return parts.map((cell, j) => `${i}/${j}/${cell.trim()}`);
    });
}

/** F1 = 2·common / (given + wanted), as points out of 1. */
function overlap(given, wanted) {
  const left = new Set(wanted);
  const common = given.filter((pair) => left.delete(pair)).length;
  return { points: (2 * common) / Math.max(1, given.length + wanted.length), of: 1 };
}

function box(text) {
  const numbers = text.match(/\d+/gu)?.map(Number);
  return numbers?.length === 4 ? numbers : undefined;
}
