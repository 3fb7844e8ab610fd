import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { Log } from "../core/log.ts";
import { type OpenedTemplate, openTemplate, type TemplateMode } from "../text/open-template.ts";
import { findTemplate } from "../text/template.ts";
import type { ProbeResult } from "../text/template-probes.ts";
import { openTokenizer, type Tokenizer } from "../text/tokenizer.ts";
import { hasCode, isJsonObject, type JsonObject, readJsonFile } from "../weights/json.ts";
import { LongTexts } from "./long-texts.ts";

export interface TextFiles {
  readonly tokenizer: Tokenizer;
  readonly template: OpenedTemplate;
  /** Encodes and decodes texts of any length. */
  readonly texts: LongTexts;
  /** End tokens in tokenizer_config.json; config.json may add others. */
  readonly endIds: readonly number[];
}

/** Opens the tokenizer and the chat template of a checkpoint folder. Throws invalid_checkpoint. */
export async function openTextFiles(dir: string, mode?: TemplateMode): Promise<TextFiles> {
  const json = (name: string) =>
    readJsonFile(join(dir, name), LIMITS.checkpoint.tokenizerFileBytes);
  const tokenizerJson = await json("tokenizer.json");
  if (!tokenizerJson) {
    throw new VireoError("invalid_checkpoint", "tokenizer.json is missing from the checkpoint");
  }
  const tokenizerConfig = await json("tokenizer_config.json");
  const tokenizer = openTokenizer(tokenizerJson, tokenizerConfig);
  const source = await readTemplate(dir, tokenizerConfig);
  const endIds = findEndIds(tokenizer, tokenizerConfig);
  const texts = new LongTexts(tokenizer, dir);
  return { tokenizer, template: openTemplate(tokenizer, source, mode), texts, endIds };
}

/** Id of `eos_token`, which is a string or an object with `content`. */
export function findEndIds(
  tokenizer: Tokenizer,
  config: JsonObject | undefined,
): readonly number[] {
  const token = config?.eos_token;
  const content = isJsonObject(token) ? token.content : token;
  const id = typeof content === "string" ? tokenizer.idOf(content) : undefined;
  return id === undefined ? [] : [id];
}

/** The text of the chat template, or undefined if the folder has none. */
export async function readTemplate(
  dir: string,
  tokenizerConfig: JsonObject | undefined,
): Promise<string | undefined> {
  const jinja = await readText(join(dir, "chat_template.jinja"));
  return findTemplate({
    ...defined({ jinja }),
    json: await readJsonFile(join(dir, "chat_template.json"), LIMITS.checkpoint.tokenizerFileBytes),
    tokenizerConfig,
  });
}

/** Origin of the chat template, and the kinds of requests that it cannot render. */
export interface TemplateInfo extends Pick<OpenedTemplate, "origin" | "problem"> {
  readonly failed: readonly ProbeResult[];
}

export function templateInfo({ template }: TextFiles): TemplateInfo {
  const { origin, probes, problem } = template;
  const failed = probes.filter((probe) => probe.problem !== undefined);
  return { origin, failed, ...defined({ problem }) };
}

/** Logs which requests the checkpoint's template cannot render. */
export function logTemplate(text: TextFiles, log: Log): void {
  const { failed, problem } = templateInfo(text);
  if (problem !== undefined) log("warn", "chat_template_not_used", { reason: problem });
  for (const { name, problem: reason, line } of failed) {
    log("error", "chat_template_fails", { probe: name, reason, line });
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
