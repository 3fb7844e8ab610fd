import { findEndIds } from "../inputs/text-files.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { isJsonObject } from "../weights/json.ts";
import type { ConfigReport } from "./config.ts";

/** A token that ends an answer. */
export interface EndToken {
  readonly id: number;
  /** The text in the tokenizer; empty where it has no such token. */
  readonly token: string;
  readonly from: readonly string[];
}

/** End tokens of config.json, generation_config.json, the tokenizer and the model family. */
export function endTokens({ sizes, raw }: ConfigReport, tokenizer: Tokenizer): EndToken[] {
  const sources: readonly (readonly [string, readonly number[]])[] = [
    ["config.json", idsIn(raw.config)],
    ["llm_config", idsIn(raw.config?.llm_config ?? raw.config?.text_config)],
    ["generation_config.json", idsIn(raw.generation)],
    ["tokenizer_config.json", findEndIds(tokenizer, raw.tokenizer)],
  ];
  const known = sources.flatMap(([, ids]) => ids);
  const ids = [...new Set([...known, ...(sizes?.tokens.eosIds ?? [])])].sort((a, b) => a - b);
  return ids.map((id) => {
    const from = sources.filter(([, list]) => list.includes(id)).map(([name]) => name);
    const token =
      id < tokenizer.vocabularySize ? tokenizer.decode([id], { skipSpecial: false }) : "";
    return { id, token, from: from.length > 0 ? from : ["the family"] };
  });
}

function idsIn(value: unknown): readonly number[] {
  if (!isJsonObject(value)) return [];
  const given = value.eos_token_id;
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  return list.filter((id): id is number => typeof id === "number");
}
