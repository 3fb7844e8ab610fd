import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { type ChatTemplate, createChatTemplate, findTemplate } from "../text/template.ts";
import { openTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import { hasCode, readJsonFile } from "../weights/json.ts";

export interface TextFiles {
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
}

/** Opens the tokenizer and the chat template of a checkpoint folder. */
export async function openTextFiles(dir: string): Promise<TextFiles> {
  const json = (name: string) => readJsonFile(join(dir, name), LIMITS.tokenizerFileBytes);
  const tokenizerJson = await json("tokenizer.json");
  if (!tokenizerJson) {
    throw new VireoError("invalid_checkpoint", "tokenizer.json is missing from the checkpoint");
  }
  const tokenizerConfig = await json("tokenizer_config.json");
  const tokenizer = openTokenizer(tokenizerJson, tokenizerConfig);
  const jinja = await readText(join(dir, "chat_template.jinja"));
  const templateJson = await json("chat_template.json");
  const source = findTemplate({
    ...(jinja === undefined ? {} : { jinja }),
    json: templateJson,
    tokenizerConfig,
  });
  return { tokenizer, template: createChatTemplate(tokenizer, source) };
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
