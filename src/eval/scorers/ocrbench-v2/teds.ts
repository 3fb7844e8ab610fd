// TEDS: similarity of tables by the edit distance of their trees.

import { idDistance, idOf } from "../../levenshtein.ts";
import { type Element, elementsOf, spanOf, tableOf } from "./tables.ts";
import { type FlatTree, flatten, MAX_PAIRS, type Rename, type Tree, treeDistance } from "./tree.ts";

interface Cell {
  readonly tag: string;
  readonly colspan: number;
  readonly rowspan: number;
  /** Ids of the characters and inner tags of a td; undefined for other elements. */
  readonly content: Uint32Array | undefined;
}

/**
 * 1 − distance / nodes, over the first table of both pages; 0 without one, or with a span that is
 * no number. Nodes count all elements under the table, those inside cells too.
 */
export function tedsScore(answerHtml: string, goldHtml: string): number {
  const [answer, gold] = [tableOf(answerHtml), tableOf(goldHtml)];
  if (answer === undefined || gold === undefined) return 0;
  const [size, goldSize] = [countBelow(answer), countBelow(gold)];
  const nodes = Math.max(size, goldSize);
  if (nodes === 0 || size * goldSize > MAX_PAIRS) return 0;
  const ids = new Map<string, number>();
  const [left, right] = [treeOf(answer, ids), treeOf(gold, ids)];
  if (left === undefined || right === undefined) return 0;
  const [flat, goldFlat] = [flatten(left), flatten(right)];
  return 1 - treeDistance(flat, goldFlat, renameCells(flat, goldFlat, ids.size)) / nodes;
}

function countBelow(element: Element): number {
  return elementsOf(element).reduce((sum, child) => sum + 1 + countBelow(child), 0);
}

function treeOf(element: Element, ids: Map<string, number>): Tree<Cell> | undefined {
  const { tag } = element;
  if (tag !== "td") {
    const children = elementsOf(element).map((child) => treeOf(child, ids));
    if (children.includes(undefined)) return undefined;
    const label = { tag, colspan: 0, rowspan: 0, content: undefined };
    return { label, children: children as Tree<Cell>[] };
  }
  const [colspan, rowspan] = [spanOf(element, "colspan"), spanOf(element, "rowspan")];
  if (colspan === undefined || rowspan === undefined) return undefined;
  const content = Uint32Array.from(tokensOf(element), (token) => idOf(token, ids));
  return { label: { tag, colspan, rowspan, content }, children: [] };
}

/** Characters of a cell, with inner tags as single tokens. Text behind an inner td is lost. */
function tokensOf(element: Element): string[] {
  let isAfterCell = false;
  return element.children.flatMap((child) => {
    if (typeof child === "string") return isAfterCell ? [] : Array.from(child);
    isAfterCell = child.tag === "td";
    return [`<${child.tag}>`, ...tokensOf(child), `</${child.tag}>`];
  });
}

/** 1 for another tag or span; for two cells the edit distance over the longer length. */
function renameCells(a: FlatTree<Cell>, b: FlatTree<Cell>, tokens: number): Rename {
  const kinds = new Map<string, number>();
  const [kind, otherKind] = [kindsOf(a, kinds), kindsOf(b, kinds)];
  const contents = a.labels.map(({ content }) => content ?? EMPTY);
  const others = b.labels.map(({ content }) => content ?? EMPTY);
  const places = contents.map((content) => placesOf(content, tokens));
  return (i, j) => {
    if (kind[i] !== otherKind[j]) return 1;
    const [content, other] = [contents[i]!, others[j]!];
    const size = content.length > other.length ? content.length : other.length;
    if (size === 0) return 0;
    const rows = places[i];
    const distance =
      rows === undefined ? idDistance(content, other) : shortDistance(content, rows, other);
    return distance / size;
  };
}

const EMPTY = new Uint32Array();

/** A number for each node; nodes with the same tag and spans have the same. */
function kindsOf({ labels }: FlatTree<Cell>, kinds: Map<string, number>): Int32Array {
  return Int32Array.from(labels, ({ tag, colspan, rowspan }) =>
    idOf(`${tag} ${colspan} ${rowspan}`, kinds),
  );
}

const MAX_BITS = 32;
const MAX_TOKENS = 4096;

/** A bit for every place of a token in a short content; undefined for another one. */
function placesOf(content: Uint32Array, tokens: number): Int32Array | undefined {
  if (content.length === 0 || content.length > MAX_BITS || tokens > MAX_TOKENS) return undefined;
  const places = new Int32Array(tokens);
  content.forEach((id, at) => {
    places[id] = places[id]! | (1 << at);
  });
  return places;
}

/**
 * Edit distance by Myers in one word; a table compares half a million pairs of cells. A common end,
 * such as a unit, costs nothing: the rows of the matrix do not depend on those below them.
 */
function shortDistance(content: Uint32Array, places: Int32Array, other: Uint32Array): number {
  let length = content.length;
  let otherLength = other.length;
  while (length > 0 && otherLength > 0 && content[length - 1] === other[otherLength - 1]) {
    length -= 1;
    otherLength -= 1;
  }
  if (length === 0) return otherLength;
  const lastBit = 1 << (length - 1);
  let distance = length;
  let plus = -1;
  let minus = 0;
  for (let at = 0; at < otherLength; at += 1) {
    const equal = places[other[at]!]!;
    const vertical = equal | minus;
    const horizontal = ((((equal & plus) + plus) | 0) ^ plus) | equal;
    const right = minus | ~(horizontal | plus);
    const left = plus & horizontal;
    if ((right & lastBit) !== 0) distance += 1;
    else if ((left & lastBit) !== 0) distance -= 1;
    const shifted = (right << 1) | 1;
    plus = (left << 1) | ~(vertical | shifted);
    minus = shifted & vertical;
  }
  return distance;
}
