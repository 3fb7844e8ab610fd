#!/usr/bin/env node
// Learns a byte-level BPE tokenizer for a small model from a text. It writes tokenizer.json and
// tokenizer_config.json in the published format, and the chat template, into a folder.
//
//   node scripts/make-tokenizer.mjs <text file> <merges> <folder>

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeTokenizer } from "./tiny/tokenizer.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const [textFile, merges, folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: node scripts/make-tokenizer.mjs <text file> <merges> <folder>");
  process.exit(2);
}

const made = makeTokenizer(readFileSync(textFile, "utf8"), Number(merges));
mkdirSync(folder, { recursive: true });
for (const [name, value] of [
  ["tokenizer.json", made.tokenizer],
  ["tokenizer_config.json", made.config],
]) {
  writeFileSync(join(folder, name), `${JSON.stringify(value, null, 1)}\n`);
}
copyFileSync(join(HERE, "tiny/chat_template.jinja"), join(folder, "chat_template.jinja"));
console.log(`${made.size} entries, <image> is ${made.imageId}`);
