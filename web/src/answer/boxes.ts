/** Corners in thousandths of a picture's width and height. */
export interface Box {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

export interface FoundBox extends Box {
  /** Boxes with the same corners have the same key. */
  readonly key: string;
  readonly label?: string;
}

const SCALE = 1000;
/** More boxes than a user can distinguish. */
const MAX_BOXES = 200;
const NUMBER = String.raw`\s*(\d{1,4}(?:\.\d{1,6})?)\s*`;
const BOX = String.raw`\[${NUMBER},${NUMBER},${NUMBER},${NUMBER}\]`;
const KEYS = ["bbox", "box", "box_2d", "bounding_box", "bbox_2d"];
const LABELS = ["label", "name", "class", "category", "text", "title", "object", "type"];
const MAX_DEPTH = 64;

export function boxPattern(): RegExp {
  return new RegExp(BOX, "g");
}

/** Returns four numbers as a box, or undefined if they cannot be one. */
export function toBox(values: readonly unknown[]): FoundBox | undefined {
  if (values.length !== 4 || !values.every((value) => typeof value === "number")) return undefined;
  const [x1, y1, x2, y2] = values as [number, number, number, number];
  const inside = [x1, y1, x2, y2].every((value) => value >= 0 && value <= SCALE);
  if (!inside || x2 <= x1 || y2 <= y1) return undefined;
  return { x1, y1, x2, y2, key: [x1, y1, x2, y2].join(",") };
}

/** A piece of text, and the box that it names, if any. */
export interface BoxedText {
  readonly text: string;
  readonly box?: FoundBox;
}

/** Splits text before and after every box. */
export function splitAtBoxes(text: string): readonly BoxedText[] {
  const pieces: BoxedText[] = [];
  let from = 0;
  for (const match of text.matchAll(boxPattern())) {
    const box = toBox(match.slice(1, 5).map(Number));
    if (box === undefined) continue;
    if (match.index > from) pieces.push({ text: text.slice(from, match.index) });
    pieces.push({ text: match[0], box });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from) });
  return pieces;
}

/**
 * Returns all boxes of an answer in order, each once. `values`: the answer's JSON, in which
 * neighbouring keys can label a box.
 */
export function findBoxes(text: string, values: readonly unknown[]): readonly FoundBox[] {
  const found = new Map<string, FoundBox>();
  for (const value of values) collect(value, undefined, found, 0);
  for (const { box } of splitAtBoxes(text)) {
    if (box !== undefined && !found.has(box.key)) found.set(box.key, box);
  }
  return [...found.values()].slice(0, MAX_BOXES);
}

function collect(
  value: unknown,
  label: string | undefined,
  found: Map<string, FoundBox>,
  depth: number,
): void {
  if (depth > MAX_DEPTH || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    const box = toBox(value);
    if (box === undefined) for (const entry of value) collect(entry, label, found, depth + 1);
    else if (!found.has(box.key)) found.set(box.key, label === undefined ? box : { ...box, label });
    return;
  }
  const entries = Object.entries(value);
  const own = LABELS.map((name) => entries.find(([key]) => key.toLowerCase() === name)?.[1]).find(
    (entry) => typeof entry === "string" && entry !== "",
  ) as string | undefined;
  for (const [key, entry] of entries) {
    // {"cat": [..]} names its box by the key; {"bbox": [..]} does not.
    const named = KEYS.includes(key.toLowerCase()) ? (own ?? label) : (own ?? key);
    const isPosition = isCorners(entry) && KEYS.includes(key.toLowerCase());
    collect(isPosition ? cornersOf(entry) : entry, named, found, depth + 1);
  }
}

type Corners = Readonly<Record<"x1" | "y1" | "x2" | "y2", unknown>>;

function isCorners(value: unknown): value is Corners {
  return typeof value === "object" && value !== null && "x1" in value && "y2" in value;
}

function cornersOf({ x1, y1, x2, y2 }: Corners): readonly unknown[] {
  return [x1, y1, x2, y2];
}
