// STEDS: similarity of documents by the shape of their outline. The reference compares no text:
// turning one line into another costs nothing unless one of them has no word.

import { words } from "../../python/text.ts";
import { flatten, MAX_PAIRS, treeDistance } from "./tree.ts";

interface Node {
  readonly label: string;
  readonly children: Node[];
  /** Place in the outline: child indices from the root on. */
  readonly path: readonly number[];
}

/** 1 − distance / nodes of the longer outline. */
export function stedsScore(answer: string, gold: string): number {
  const [lines, goldLines] = [answer.split("\n"), gold.split("\n")];
  if (lines.length * goldLines.length > MAX_PAIRS) return 0;
  const [left, right] = [flatten(outlineOf(lines)), flatten(outlineOf(goldLines))];
  const [blank, goldBlank] = [left, right].map(({ labels }) => labels.map(isBlank));
  const distance = treeDistance(left, right, (i, j) => (blank![i] || goldBlank![j] ? 1 : 0));
  return 1 - distance / Math.max(left.labels.length, right.labels.length);
}

const isBlank = (label: string): boolean => words(label).length === 0;

/**
 * Lines hang under the last heading, headings under the root. A heading is looked up by its text,
 * in document order, so lines under a repeated heading go to its first place.
 */
function outlineOf(lines: readonly string[]): Node {
  const root: Node = { label: "ROOT", children: [], path: [] };
  const firstByLabel = new Map([["ROOT", root]]);
  const add = (parent: Node, label: string): void => {
    const path = [...parent.path, parent.children.length];
    const node = { label, children: [], path };
    parent.children.push(node);
    const first = firstByLabel.get(label);
    if (first === undefined || isBefore(path, first.path)) firstByLabel.set(label, node);
  };
  add(root, "TITLE");
  let heading = "";
  for (const line of lines.map(cleanLine)) {
    if (line.startsWith("#")) {
      heading = line.replaceAll("#", "");
      add(root, heading);
    } else {
      add(firstByLabel.get(heading === "" ? "TITLE" : heading)!, line);
    }
  }
  return root;
}

/** Whether a node comes first in preorder: a parent before its children. */
function isBefore(path: readonly number[], other: readonly number[]): boolean {
  const at = path.findIndex((index, depth) => index !== other[depth]);
  if (at < 0) return true;
  return other[at] !== undefined && path[at]! < other[at];
}

/**
 * Removes marks of models and of Markdown, which may stand before a heading. Up to two blanks
 * before a closing brace are removed, as the reference does by the same replacement twice.
 */
function cleanLine(line: string): string {
  return line
    .replace(/<bos>|<eos>|<pad>|<unk>/g, "")
    .replace(/\s##(\S)/g, "$1")
    .replace(/\\\s/g, "\\")
    .replace(/\s\*\s\*\s/g, "**")
    .replace(/\{\s/g, "{")
    .replace(/\s\}/g, "}")
    .replace(/\s\}/g, "}")
    .replace(/\\(begin|end)\s/g, "\\$1")
    .replace(/[*_]/g, " ");
}
