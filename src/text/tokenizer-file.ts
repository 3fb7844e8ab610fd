import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { AddedToken } from "./added-tokens.ts";

export interface CheckedTokenizer {
  readonly addedTokens: readonly AddedToken[];
  /** [token in byte-level spelling, id], without the added tokens. */
  readonly vocabulary: readonly (readonly [string, number])[];
  readonly vocabularySize: number;
  /** tokenizer.json, changed so that it cannot produce an added token. */
  readonly ordinary: object;
}

/** GPT-2's spelling of bytes as printable characters: itself where printable, else U+0100 + n. */
export const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = byteSpelling();

function byteSpelling(): Map<string, number> {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  const byteOf = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    byteOf.set(String.fromCharCode(printable(byte) ? byte : next++), byte);
  }
  return byteOf;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** Checks everything in a tokenizer.json that encoding relies on. */
export function checkTokenizer(json: unknown): CheckedTokenizer {
  const root = object(json, "the file");
  const model = object(root.model, "model");
  if (model.type !== undefined && model.type !== "BPE") {
    throw unsupported(`model.type is ${show(model.type)}; only BPE is supported`);
  }
  if (!mentionsByteLevel(root.pre_tokenizer) || !mentionsByteLevel(root.decoder)) {
    throw unsupported("pre_tokenizer and decoder must be ByteLevel");
  }
  const addedTokens = checkAddedTokens(root.added_tokens ?? []);
  const added = new Set(addedTokens.map((token) => token.content));
  const all = checkVocabulary(model.vocab);
  const vocabulary = all.filter(([text]) => !added.has(text));
  checkDisjoint(vocabulary, addedTokens);
  const tokens = new Set(vocabulary.map(([text]) => text));
  checkBytes(tokens);
  const merges = checkMerges(model.merges, tokens, added);
  const ids = [...all.map(([, id]) => id), ...addedTokens.map((token) => token.id)];
  return {
    addedTokens,
    vocabulary,
    vocabularySize: ids.reduce((largest, id) => Math.max(largest, id), -1) + 1,
    ordinary: {
      ...root,
      added_tokens: [],
      post_processor: null,
      normalizer: root.normalizer ?? null,
      model: { ...model, vocab: Object.fromEntries(vocabulary), merges },
    },
  };
}

function checkAddedTokens(value: unknown): AddedToken[] {
  const contents = new Set<string>();
  return array(value, "added_tokens").map((entry, index) => {
    const where = `added_tokens[${index}]`;
    const { id, content, special } = object(entry, where);
    if (typeof content !== "string" || content === "") {
      throw invalid(`${where}.content is ${show(content)}, not a text`);
    }
    if (contents.has(content)) throw invalid(`${where}: ${show(content)} is there twice`);
    contents.add(content);
    return { id: checkId(id, where), content, special: special === true };
  });
}

function checkVocabulary(value: unknown): [string, number][] {
  const entries = Object.entries(object(value, "model.vocab"));
  const seen = new Set<number>();
  return entries.map(([text, id]) => {
    const checked = checkId(id, `model.vocab[${show(text)}]`);
    if (seen.has(checked)) throw invalid(`model.vocab gives the id ${checked} twice`);
    seen.add(checked);
    return [text, checked];
  });
}

function checkDisjoint(
  vocabulary: readonly (readonly [string, number])[],
  addedTokens: readonly AddedToken[],
): void {
  const contentOf = new Map(addedTokens.map((token) => [token.id, token.content]));
  for (const [text, id] of vocabulary) {
    const content = contentOf.get(id);
    if (content === undefined) continue;
    throw invalid(`the id ${id} is ${show(text)} in model.vocab and ${show(content)} as added`);
  }
}

function checkId(id: unknown, where: string): number {
  const limit = LIMITS.checkpoint.vocabularyTokens;
  if (Number.isInteger(id) && (id as number) >= 0 && (id as number) < limit) return id as number;
  throw invalid(`${where}: the id is ${show(id)}, not a whole number from 0 to ${limit - 1}`);
}

function checkBytes(tokens: ReadonlySet<string>): void {
  for (const [character, byte] of BYTE_OF_CHARACTER) {
    if (!tokens.has(character)) throw invalid(`model.vocab has no token for the byte ${byte}`);
  }
}

/** Returns the merges as pairs, without those that would produce an added token. */
function checkMerges(
  value: unknown,
  tokens: ReadonlySet<string>,
  added: ReadonlySet<string>,
): [string, string][] {
  const merges: [string, string][] = [];
  array(value, "model.merges").forEach((entry, index) => {
    const where = `model.merges[${index}]`;
    const pair = typeof entry === "string" ? entry.split(" ") : array(entry, where);
    const [left, right] = pair;
    if (pair.length !== 2 || typeof left !== "string" || typeof right !== "string") {
      throw invalid(`${where} is ${show(entry)}, not a pair of tokens`);
    }
    if (added.has(left + right)) return;
    if (!tokens.has(left + right)) {
      throw invalid(`${where} makes ${show(left + right)}, which model.vocab lacks`);
    }
    merges.push([left, right]);
  });
  return merges;
}

function mentionsByteLevel(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { type, pretokenizers, decoders } = value as JsonObject;
  if (type === "ByteLevel") return true;
  const parts = pretokenizers ?? decoders;
  return type === "Sequence" && Array.isArray(parts) && parts.some(mentionsByteLevel);
}

function object(value: unknown, where: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw invalid(`${where} is ${show(value)}, not an object`);
}

function array(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw invalid(`${where} is ${show(value)}, not a list`);
}

/** Formats a value for an error message, shortened. */
function show(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function invalid(what: string): VireoError {
  return new VireoError("invalid_checkpoint", `tokenizer.json: ${what}`);
}

function unsupported(what: string): VireoError {
  return new VireoError("unsupported_checkpoint", `tokenizer.json: ${what}`);
}
