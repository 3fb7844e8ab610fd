/** The bytes of a tokenizer's tokens. */
export interface TokenBytes {
  /** Number of columns of the model's logits; a mask has one bit per column. */
  readonly tokens: number;
  /** Bytes of a token; empty if no grammar may use it. */
  bytesOf(id: number): Uint8Array;
  readonly eosIds: readonly number[];
}

/**
 * All tokens as a trie of their bytes in preorder: a node's descendants follow it directly, and
 * `end` is the first node after them.
 */
export interface TokenTree {
  readonly nodes: number;
  readonly byte: Uint8Array;
  /** Number of bytes before this one. */
  readonly depth: Uint8Array;
  readonly end: Int32Array;
  /** The token that ends here, or −1. */
  readonly token: Int32Array;
  /** Groups of all characters of the token that ends here. */
  readonly tokenGroups: Uint16Array;
  /** Groups of the tokens in the node's subtree. */
  readonly groups: Uint16Array;
  readonly maxDepth: number;
}

export interface Vocabulary {
  readonly tree: TokenTree;
  readonly eosIds: readonly number[];
  /** Words of a mask: one bit per token. */
  readonly words: number;
  bytesOf(id: number): Uint8Array;
  /** Further ids with the same bytes, by the id in the trie. */
  readonly others: ReadonlyMap<number, readonly number[]>;
  /** Mask of the tokens whose characters all belong to these groups. */
  maskOfGroups(groups: number): Int32Array;
}

/** Longer tokens are never allowed; each byte of depth makes every walk slower. */
const MAX_BYTES = 255;

/**
 * Builds the trie of a tokenizer's tokens, in slices so that the event loop stays responsive. It
 * takes about 0.2 s for 131k tokens.
 */
export async function readVocabulary(source: TokenBytes): Promise<Vocabulary> {
  const { tokens, eosIds } = source;
  const byFirstBytes = new Map<number, string[]>();
  const idOf = new Map<string, number>();
  const others = new Map<number, number[]>();
  const special = new Set(eosIds);
  for (let id = 0; id < tokens; id++) {
    if (id % 8192 === 8191) await nextTurn();
    const bytes = source.bytesOf(id);
    if (bytes.length === 0 || bytes.length > MAX_BYTES || special.has(id)) continue;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    const known = idOf.get(text);
    if (known !== undefined) {
      others.set(known, [...(others.get(known) ?? []), id]);
      continue;
    }
    idOf.set(text, id);
    const first = bytes[0]! * 256 + (bytes[1] ?? 0);
    const bucket = byFirstBytes.get(first);
    if (bucket) bucket.push(text);
    else byFirstBytes.set(first, [text]);
  }
  const sorted: string[] = [];
  for (const first of [...byFirstBytes.keys()].sort((a, b) => a - b)) {
    for (const text of byFirstBytes.get(first)!.sort()) sorted.push(text);
    if (sorted.length % 16 === 0) await nextTurn();
  }
  const tree = await buildTree(sorted, idOf);
  const words = Math.ceil(tokens / 32);
  const bytesOf = (id: number) => source.bytesOf(id);
  const maskOfGroups = cacheMasks(tree, words);
  return { tree, eosIds, words, bytesOf, others, maskOfGroups };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** sorted: tokens in byte order, as Latin-1 strings. */
async function buildTree(
  sorted: readonly string[],
  idOf: ReadonlyMap<string, number>,
): Promise<TokenTree> {
  const max = sorted.reduce((sum, text) => sum + text.length, 0);
  const byte = new Uint8Array(max);
  const depth = new Uint8Array(max);
  const end = new Int32Array(max);
  const token = new Int32Array(max).fill(-1);
  const tokenGroups = new Uint16Array(max);
  const groups = new Uint16Array(max);
  const path: number[] = [];
  let nodes = 0;
  let maxDepth = 0;
  const close = (keep: number): void => {
    while (path.length > keep) {
      const node = path.pop()!;
      end[node] = nodes;
      const parent = path.at(-1);
      if (parent !== undefined) groups[parent]! |= groups[node]!;
    }
  };
  let previous = "";
  for (const [at, text] of sorted.entries()) {
    if (at % 8192 === 8191) await nextTurn();
    let shared = 0;
    while (shared < previous.length && text[shared] === previous[shared]) shared++;
    close(shared);
    for (let i = shared; i < text.length; i++) {
      byte[nodes] = text.charCodeAt(i);
      depth[nodes] = i;
      path.push(nodes++);
    }
    const last = path.at(-1)!;
    maxDepth = Math.max(maxDepth, text.length);
    token[last] = idOf.get(text)!;
    tokenGroups[last] = groupsOf(text);
    groups[last]! |= tokenGroups[last]!;
    previous = text;
  }
  close(0);
  return {
    nodes,
    maxDepth,
    byte: byte.slice(0, nodes),
    depth: depth.slice(0, nodes),
    end: end.slice(0, nodes),
    token: token.slice(0, nodes),
    tokenGroups: tokenGroups.slice(0, nodes),
    groups: groups.slice(0, nodes),
  };
}

/**
 * Groups of characters that grammars usually treat alike, as bits. Inside a string, for instance,
 * all words are allowed at once, so their tokens need no walk.
 */
const ASCII_GROUPS: readonly RegExp[] = [
  /[a-f]/,
  /[g-z]/,
  /[A-F]/,
  /[G-Z]/,
  /[0-9]/,
  / /,
  /\n/,
  /"/,
  /\\/,
  /[_-]/,
  /[[\]{}:,]/,
  /[!-~]/,
  /./s,
];
/** Characters beyond ASCII, whole. */
export const LONG_CHARACTERS = 1 << 13;
/** Incomplete characters beyond ASCII, which are always walked. */
const BROKEN_CHARACTERS = 1 << 14;

const GROUP_OF_ASCII = Uint16Array.from({ length: 128 }, (_, code) => {
  return 1 << ASCII_GROUPS.findIndex((group) => group.test(String.fromCharCode(code)));
});

/** The bytes of each ASCII group. */
export const BYTES_OF_GROUP: readonly (readonly number[])[] = ASCII_GROUPS.map((_, group) =>
  Array.from(GROUP_OF_ASCII.keys()).filter((code) => GROUP_OF_ASCII[code] === 1 << group),
);

/** Group of a byte in a token of whole characters. */
export function groupOf(byte: number): number {
  return byte < 0x80 ? GROUP_OF_ASCII[byte]! : LONG_CHARACTERS;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function groupsOf(bytes: string): number {
  let groups = 0;
  for (let at = 0; at < bytes.length; at++) groups |= groupOf(bytes.charCodeAt(at));
  if ((groups & LONG_CHARACTERS) === 0) return groups;
  try {
    strict.decode(Buffer.from(bytes, "latin1"));
    return groups;
  } catch {
    return groups | BROKEN_CHARACTERS;
  }
}

/** Maximum number of cached group masks, which real grammars do not exceed. */
const MAX_GROUP_MASKS = 64;

function cacheMasks(
  { nodes, token, tokenGroups }: TokenTree,
  words: number,
): (groups: number) => Int32Array {
  const known = new Map<number, Int32Array>();
  return (groups) => {
    const remembered = known.get(groups);
    if (remembered) return remembered;
    const mask = new Int32Array(words);
    for (let at = 0; at < nodes; at++) {
      if ((tokenGroups[at]! & ~groups) === 0) allow(mask, token[at]!);
    }
    if (known.size < MAX_GROUP_MASKS) known.set(groups, mask);
    return mask;
  };
}

/** Sets the bit of a token; ignores −1. */
export function allow(mask: Int32Array, token: number): void {
  if (token >= 0) mask[token >> 5]! |= 1 << (token & 31);
}

export function isAllowed(mask: Int32Array, token: number): boolean {
  return ((mask[token >> 5] ?? 0) & (1 << (token & 31))) !== 0;
}
