// The worker thread that encodes and decodes long texts. It opens its own copy of the tokenizer.

import { join } from "node:path";
import { workerData } from "node:worker_threads";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { openTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import { serveTasks } from "../threads/worker-lane.ts";
import { readJsonFile } from "../weights/json.ts";

export interface EncodeWorkerData {
  /** The checkpoint's folder. */
  readonly dir: string;
}

export type EncodeCommand =
  /** added: added tokens in the texts become their ids. maxIds: may stop after that many. */
  | { readonly texts: readonly string[]; readonly added: boolean; readonly maxIds: number }
  | { readonly ids: Int32Array };

/** The ids of all texts, and the count of each text that was encoded. */
export interface EncodedTexts {
  readonly ids: Int32Array;
  readonly counts: readonly number[];
}
export type EncodeValue = EncodedTexts | string;

const { dir } = workerData as EncodeWorkerData;
let opened: Promise<Tokenizer> | undefined;

async function open(): Promise<Tokenizer> {
  const json = (name: string) =>
    readJsonFile(join(dir, name), LIMITS.checkpoint.tokenizerFileBytes);
  return openTokenizer(await json("tokenizer.json"), await json("tokenizer_config.json"));
}

async function answer(command: EncodeCommand): Promise<EncodeValue> {
  opened ??= open();
  const tokenizer = await opened.catch((cause: unknown) => {
    const message = "the tokenizer of the checkpoint cannot be read again; restart the server";
    throw new VireoError("internal_error", message, { cause });
  });
  if ("ids" in command) return tokenizer.decode([...command.ids], { skipSpecial: false });
  return encode(tokenizer, command);
}

function encode(
  tokenizer: Tokenizer,
  { texts, added, maxIds }: Extract<EncodeCommand, { readonly added: boolean }>,
): EncodedTexts {
  const ids: number[] = [];
  const counts: number[] = [];
  for (const text of texts) {
    if (ids.length > maxIds) break;
    const left = maxIds - ids.length;
    const own = added ? tokenizer.encodeWithAdded(text, left) : tokenizer.encodeText(text, left);
    for (const id of own) ids.push(id);
    counts.push(own.length);
  }
  return { ids: Int32Array.from(ids), counts };
}

serveTasks<EncodeCommand, EncodeValue>(answer, (value) =>
  typeof value === "string" ? [] : [value.ids.buffer as ArrayBuffer],
);
