/** What a grammar needs to know of a tokenizer. */
export interface TokenBytes {
  /** Columns of the model's logits: a mask has a bit for each. */
  readonly tokens: number;
  /** The bytes that a token adds to a text; empty for one that no grammar may use. */
  bytesOf(id: number): Uint8Array;
  readonly eosIds: readonly number[];
}

/**
 * All tokens as a tree of their bytes, in the order of a walk through it: a node's children come
 * right after it, and `end` is the first node that does not belong to it.
 */
export interface TokenTree {
  readonly nodes: number;
  readonly byte: Uint8Array;
  /** Bytes before this one. */
  readonly depth: Uint8Array;
  readonly end: Int32Array;
  /** The token that ends here, or −1. */
  readonly token: Int32Array;
  /** Groups of the characters of the token that ends here, from its first on. */
  readonly tokenGroups: Uint16Array;
  /** Groups of the node's byte and of all that is below it. */
  readonly groups: Uint16Array;
  readonly maxDepth: number;
}

export interface Vocabulary {
  readonly tree: TokenTree;
  readonly eosIds: readonly number[];
  /** Words of a mask: one bit per token. */
  readonly words: number;
  bytesOf(id: number): Uint8Array;
  /** For each id the one with the same bytes that the tree holds; itself for most. */
  readonly others: ReadonlyMap<number, readonly number[]>;
  /** Mask of the tokens whose bytes are all of these groups. */
  maskOfGroups(groups: number): Int32Array;
}

/** Longer tokens are left out: no grammar ever needs one, and each costs a level of the walk. */
const MAX_BYTES = 255;

/**
 * Sorts a tokenizer's tokens for masks. Done once, a slice at a time, so that nobody waits long:
 * 131k tokens take about 0.2 s in all.
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
  const tree = await plant(sorted, idOf);
  const words = Math.ceil(tokens / 32);
  const bytesOf = (id: number) => source.bytesOf(id);
  const maskOfGroups = rememberMasks(tree, words);
  return { tree, eosIds, words, bytesOf, others, maskOfGroups };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** sorted: tokens in the order of their bytes, one character for each byte. */
async function plant(
  sorted: readonly string[],
  idOf: ReadonlyMap<string, number>,
): Promise<TokenTree> {
  const most = sorted.reduce((sum, text) => sum + text.length, 0);
  const byte = new Uint8Array(most);
  const depth = new Uint8Array(most);
  const end = new Int32Array(most);
  const token = new Int32Array(most).fill(-1);
  const tokenGroups = new Uint16Array(most);
  const groups = new Uint16Array(most);
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
 * Groups of characters that grammars tend to treat alike, as bits. Most tokens are words, and a
 * state inside a string takes all words at once: such tokens need not be tried one by one.
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
/** Parts of such characters: never skipped. */
const BROKEN_CHARACTERS = 1 << 14;

const GROUP_OF_ASCII = Uint16Array.from({ length: 128 }, (_, code) => {
  return 1 << ASCII_GROUPS.findIndex((group) => group.test(String.fromCharCode(code)));
});

/** The bytes of each ASCII group. */
export const BYTES_OF_GROUP: readonly (readonly number[])[] = ASCII_GROUPS.map((_, group) =>
  Array.from(GROUP_OF_ASCII.keys()).filter((code) => GROUP_OF_ASCII[code] === 1 << group),
);

/** The group of a byte that stands in a token of whole characters. */
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

/** At most this many different masks are asked for by real grammars; more are made anew. */
const MAX_GROUP_MASKS = 64;

function rememberMasks(
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

/** Nothing happens for a token of −1. */
export function allow(mask: Int32Array, token: number): void {
  if (token >= 0) mask[token >> 5]! |= 1 << (token & 31);
}

export function isAllowed(mask: Int32Array, token: number): boolean {
  return ((mask[token >> 5] ?? 0) & (1 << (token & 31))) !== 0;
}
