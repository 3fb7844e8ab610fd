// Edit distance of ordered trees (Zhang and Shasha, 1989). The exact distance does not depend on
// the algorithm, so it equals what APTED and zss compute for the references.

export interface Tree<T> {
  readonly label: T;
  readonly children: readonly Tree<T>[];
}

/** More pairs of nodes than this are not compared; such an answer shares little with its gold. */
export const MAX_PAIRS = 16_000_000;

/** The nodes of a tree in postorder, as the algorithm needs them. */
export interface FlatTree<T> {
  readonly labels: readonly T[];
  /** For each node the first node, in postorder, of its subtree. */
  readonly firsts: Int32Array;
  /** Roots of the subtrees whose distances are needed, in order. */
  readonly keyRoots: Int32Array;
}

/** Flattens a tree of any depth without recursion. */
export function flatten<T>(tree: Tree<T>): FlatTree<T> {
  const labels: T[] = [];
  const firsts: number[] = [];
  const lastWithFirst = new Map<number, number>();
  const open = [{ node: tree, next: 0, first: 0 }];
  while (open.length > 0) {
    const top = open.at(-1)!;
    const child = top.node.children[top.next];
    if (child !== undefined) {
      top.next += 1;
      open.push({ node: child, next: 0, first: labels.length });
      continue;
    }
    open.pop();
    lastWithFirst.set(top.first, labels.length);
    labels.push(top.node.label);
    firsts.push(top.first);
  }
  const keyRoots = Int32Array.from(lastWithFirst.values()).sort();
  return { labels, firsts: Int32Array.from(firsts), keyRoots };
}

/** Cost of turning node i of the first tree into node j of the second, 0 to 1. */
export type Rename = (i: number, j: number) => number;

/** The least sum of insertions and deletions, at 1 each, and of renamings. */
export function treeDistance<T>(a: FlatTree<T>, b: FlatTree<T>, rename: Rename): number {
  const [rows, columns] = [a.labels.length, b.labels.length];
  const distances = new Float64Array(rows * columns);
  const forest = new Float64Array((rows + 1) * (columns + 1));
  const tables = { distances, forest, rename };
  for (const i of a.keyRoots) {
    if (a.firsts[i] === i) fillLeaf(b, i, tables);
    else for (const j of b.keyRoots) fillSubtrees(a, b, i, j, tables);
  }
  return distances[rows * columns - 1]!;
}

/**
 * Fills the distances of leaf i to all subtrees: it becomes the node that it resembles most, and
 * the other nodes are inserted. Most key roots of a table are leaves.
 */
function fillLeaf<T>(b: FlatTree<T>, i: number, { distances, rename }: Tables): void {
  const { firsts, keyRoots } = b;
  const row = i * b.labels.length;
  for (const j of keyRoots) {
    const start = firsts[j]!;
    let least = 1;
    for (let node = start; node <= j; node += 1) {
      const isOnEdge = firsts[node] === start;
      // the distance of two leaves is the cost of renaming, and that of inner leaves is known
      const isKnown = !isOnEdge && firsts[node] === node;
      const cost = isKnown ? distances[row + node]! : rename(i, node);
      if (cost < least) least = cost;
      if (isOnEdge) distances[row + node] = node - start + least;
    }
  }
}

interface Tables {
  readonly distances: Float64Array;
  readonly forest: Float64Array;
  readonly rename: Rename;
}

/** Fills the distances of all subtrees that begin where those of the key roots i and j begin. */
function fillSubtrees<T>(
  a: FlatTree<T>,
  b: FlatTree<T>,
  i: number,
  j: number,
  { distances, forest, rename }: Tables,
): void {
  const { firsts } = a;
  const otherFirsts = b.firsts;
  const [top, start] = [firsts[i]!, otherFirsts[j]!];
  const width = b.labels.length;
  const stride = j - start + 2;
  for (let y = 0; y < stride; y += 1) forest[y] = y;
  for (let node = top; node <= i; node += 1) {
    const row = (node - top + 1) * stride;
    const above = row - stride;
    const first = firsts[node]!;
    const before = (first - top) * stride - start;
    forest[row] = node - top + 1;
    for (let y = 1; y < stride; y += 1) {
      const other = start + y - 1;
      const otherFirst = otherFirsts[other]!;
      const deleted = forest[above + y]!;
      const inserted = forest[row + y - 1]!;
      let least = (deleted < inserted ? deleted : inserted) + 1;
      const at = node * width + other;
      if (first === top && otherFirst === start) {
        const renamed = forest[above + y - 1]! + rename(node, other);
        if (renamed < least) least = renamed;
        distances[at] = least;
      } else {
        const joined = forest[before + otherFirst]! + distances[at]!;
        if (joined < least) least = joined;
      }
      forest[row + y] = least;
    }
  }
}
