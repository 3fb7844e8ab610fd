import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { PUBLISHED_TOKENIZER } from "./published.ts";

export interface FileReport {
  readonly name: string;
  /** True if nothing works without this file. */
  readonly needed: boolean;
  /** Absent: there is no such file. */
  readonly bytes?: number;
  readonly sha256?: string;
  /** Consequence of a missing file, or a fact about the one that is there. */
  readonly note?: string;
}

const FILES: readonly { name: string; needed: boolean; without: string }[] = [
  { name: "config.json", needed: true, without: "says what the network is" },
  { name: "tokenizer.json", needed: true, without: "says what the tokens are" },
  {
    name: "tokenizer_config.json",
    needed: false,
    without: "may hold a chat template and an end token",
  },
  {
    name: "chat_template.jinja",
    needed: false,
    without: "chat_template.json or tokenizer_config.json may hold the template",
  },
  { name: "generation_config.json", needed: false, without: "may name more end tokens" },
  {
    name: "preprocessor_config.json",
    needed: false,
    without: "12 tiles a picture and the mean of config.json hold",
  },
];

/** The files beside the weights. */
export function listFiles(dir: string): Promise<FileReport[]> {
  return Promise.all(
    FILES.map(async ({ name, needed, without }) => {
      const path = join(dir, name);
      const found = await stat(path).catch(() => undefined);
      if (!found?.isFile()) return { name, needed, note: without };
      const file = { name, needed, bytes: found.size };
      if (name !== "tokenizer.json") return file;
      const sha256 = await hashOf(path);
      const published =
        found.size === PUBLISHED_TOKENIZER.bytes && sha256 === PUBLISHED_TOKENIZER.sha256;
      const note = published ? "the published one" : "differs from the published one";
      return { ...file, sha256, note };
    }),
  );
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
