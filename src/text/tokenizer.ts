import { Tokenizer as Bpe } from "@huggingface/tokenizers";
import { VireoError } from "../core/errors.ts";
import { type AddedTokens, openAddedTokens } from "./added-tokens.ts";
import { BYTE_OF_CHARACTER, type CheckedTokenizer, checkTokenizer } from "./tokenizer-file.ts";

const RUN_CHARACTERS = 32_768;

export interface Tokenizer extends AddedTokens {
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /**
   * Encodes ordinary text: a typed `<image>` or `<s>` never becomes an added token. With `maxIds`
   * it may stop early, but only after it has found more ids than that.
   */
  encodeText(text: string, maxIds?: number): number[];
  /**
   * Encodes trusted text, such as a template's own: added tokens become their ids. With `maxIds` it
   * may stop early, but only after it has found more ids than that.
   */
  encodeWithAdded(text: string, maxIds?: number): number[];
  /** The id of an added token. */
  idOf(content: string): number | undefined;
  /** The bytes a token stands for; empty for an id that the vocabulary leaves unused. */
  bytesOf(id: number): Uint8Array;
  /** Bytes that are no UTF-8 become U+FFFD. */
  decode(ids: readonly number[], options: { readonly skipSpecial: boolean }): string;
}

/**
 * Opens a byte-level BPE tokenizer from a parsed tokenizer.json.
 *
 * The package's tokenizer is built without added tokens, so that it cannot produce one. Only
 * `encodeWithAdded` and `splitAdded` recognise them.
 *
 * Throws invalid_checkpoint or unsupported_checkpoint, naming the fault in tokenizer.json.
 */
export function openTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown): Tokenizer {
  const file = checkTokenizer(tokenizerJson);
  const encodeText = createTextEncoder(file, tokenizerConfig);
  const byContent = new Map(file.addedTokens.map((token) => [token.content, token]));
  const byId = new Map(file.addedTokens.map((token) => [token.id, token]));
  const { splitAdded } = openAddedTokens(file.addedTokens);
  const bytesOf = createByteTable(file);

  return {
    addedTokens: file.addedTokens,
    vocabularySize: file.vocabularySize,
    encodeText,
    splitAdded,
    bytesOf,
    idOf: (content) => byContent.get(content)?.id,
    encodeWithAdded(text, maxIds = Number.POSITIVE_INFINITY) {
      const ids: number[] = [];
      for (const run of splitAdded(text)) {
        if (ids.length > maxIds) break;
        if (typeof run !== "string") ids.push(run.id);
        else for (const id of encodeText(run, maxIds - ids.length)) ids.push(id);
      }
      return ids;
    },
    decode(ids, { skipSpecial }) {
      const kept = skipSpecial ? ids.filter((id) => byId.get(id)?.special !== true) : ids;
      return decodeUtf8(Buffer.concat(kept.map(bytesOf)));
    },
  };
}

function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

type TextEncode = (text: string, maxIds?: number) => number[];

/**
 * Encodes long texts in runs: the cost of merging grows faster than the length, a prompt that is
 * too long is noticed early, and equal consecutive runs are encoded once.
 */
function createTextEncoder(file: CheckedTokenizer, config: unknown): TextEncode {
  const bpe = openBpe(file, config);
  return (text, maxIds = Number.POSITIVE_INFINITY) => {
    const ids: number[] = [];
    let last: { readonly run: string; readonly ids: readonly number[] } = { run: "", ids: [] };
    for (let at = 0; at < text.length && ids.length <= maxIds; at += last.run.length) {
      const run = text.slice(at, runEnd(text, at));
      if (run !== last.run) last = { run, ids: bpe.encode(run, { add_special_tokens: false }).ids };
      for (const id of last.ids) ids.push(id);
    }
    return ids;
  };
}

/** Ends a run between a word and a blank, where every pre-tokenizer pattern splits. */
function runEnd(text: string, start: number): number {
  const end = start + RUN_CHARACTERS;
  if (end >= text.length) return text.length;
  for (let at = end; at > end - RUN_CHARACTERS / 2; at--) {
    if (text[at] === " " && /\p{L}/u.test(text[at - 1] ?? "")) return at;
  }
  const insidePair = (text.charCodeAt(end) & 0xfc00) === 0xdc00;
  return insidePair ? end - 1 : end;
}

function openBpe(file: CheckedTokenizer, config: unknown): Bpe {
  const options = typeof config === "object" && config !== null ? config : {};
  try {
    return new Bpe(file.ordinary, { ...options, remove_space: false });
  } catch (cause) {
    const message = `tokenizer.json: ${cause instanceof Error ? cause.message : "cannot be used"}`;
    throw new VireoError("invalid_checkpoint", message.slice(0, 300), { cause });
  }
}

/** All tokens' bytes in one array, built on first use: 131k tokens take about 1 MB. */
function createByteTable(file: CheckedTokenizer): (id: number) => Uint8Array {
  let table: { readonly starts: Uint32Array; readonly bytes: Uint8Array } | undefined;
  return (id) => {
    table ??= buildByteTable(file);
    if (!Number.isInteger(id) || id < 0 || id >= file.vocabularySize) return new Uint8Array(0);
    return table.bytes.subarray(table.starts[id], table.starts[id + 1]);
  };
}

function buildByteTable(file: CheckedTokenizer): { starts: Uint32Array; bytes: Uint8Array } {
  const added = new Map(file.addedTokens.map((token) => [token.id, token.content]));
  const texts = new Array<string | undefined>(file.vocabularySize);
  for (const [text, id] of file.vocabulary) texts[id] = text;
  const starts = new Uint32Array(file.vocabularySize + 1);
  const chunks: Uint8Array[] = [];
  for (let id = 0; id < file.vocabularySize; id++) {
    const content = added.get(id);
    const text = texts[id];
    const bytes = content !== undefined ? Buffer.from(content) : bytesOfToken(text ?? "");
    chunks.push(bytes);
    starts[id + 1] = starts[id]! + bytes.length;
  }
  return { starts, bytes: Buffer.concat(chunks) };
}

function bytesOfToken(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const byte = BYTE_OF_CHARACTER.get(text[i] ?? "");
    // not in byte-level spelling: BPE cannot produce it, and a model hardly will
    if (byte === undefined) return Buffer.from(text);
    bytes[i] = byte;
  }
  return bytes;
}
