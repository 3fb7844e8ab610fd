import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Block {
  /** File and line of its start, for example README.md:12. */
  readonly place: string;
  readonly file: string;
  readonly language: string;
  readonly text: string;
  /** The reason why it is not run; undefined if it is. */
  readonly notRun?: string;
  /** The block after it, which is its expected output. A line "…" matches any lines. */
  readonly output?: string;
}

/** The pages whose blocks are checked. docs/clients.md is written and run by `test:clients`. */
export function pages(root: string): string[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
  const inDocs = docs.filter((name) => name.endsWith(".md") && name !== "clients.md");
  return [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ...inDocs.map((name) => `docs/${name.replaceAll("\\", "/")}`),
  ].sort();
}

/** All fenced blocks of a page, in order. */
export function blocksOf(root: string, file: string): Block[] {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const blocks: Block[] = [];
  let above = "";
  let hasTextBetween = true;
  for (let at = 0; at < lines.length; at += 1) {
    const language = /^```(\w+)$/.exec(lines[at]!)?.[1];
    if (language === undefined) {
      if (lines[at]!.trim() !== "") {
        above = lines[at]!;
        hasTextBetween = true;
      }
      continue;
    }
    const end = lines.indexOf("```", at);
    const text = `${lines.slice(at + 1, end).join("\n")}\n`;
    const before = blocks.at(-1);
    if (isOutput(language) && before !== undefined && !hasTextBetween) {
      blocks.splice(-1, 1, { ...before, output: text });
    } else {
      const [, notRun] = /^<!-- not run: (.+) -->$/.exec(above) ?? [];
      const place = `${file}:${at + 1}`;
      blocks.push({ place, file, language, text, ...(notRun === undefined ? {} : { notRun }) });
    }
    at = end;
    above = "";
    hasTextBetween = false;
  }
  return blocks;
}

function isOutput(language: string): boolean {
  return language === "text" || language === "json";
}

/** Commands whose next word is a command too. */
const COMMANDS_OF_COMMANDS = ["keys", "eval", "config", "byok", "index"];

/** Each `vireo` command of a shell block: its name and its long flags. */
export function commandsOf(text: string): { readonly command: string; readonly flags: string[] }[] {
  const joined = text.replaceAll(/\\\n/g, " ");
  return joined.split("\n").flatMap((line) => {
    const code = line.replace(/(^|\s)#.*$/, "").replaceAll(/"[^"]*"|'[^']*'/g, "TEXT");
    return code.split(/[|;]|&&/).flatMap((part) => {
      const words = part.trim().split(/\s+/);
      const at = words.indexOf("vireo");
      if (at < 0 || words[at - 1] !== "npx") return [];
      const rest = words.slice(at + 1);
      const [name = "", second] = rest;
      const command = COMMANDS_OF_COMMANDS.includes(name) ? `${name} ${second}` : name;
      const flags = rest
        .filter((word) => /^--?[a-z]/.test(word))
        .map((word) => word.split("=")[0]!);
      return [{ command, flags }];
    });
  });
}

/** Converts expected output to a pattern; "…" matches any text, a line of it any lines. */
export function patternOf(output: string): RegExp {
  const escaped = output.trimEnd().replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = escaped.replaceAll(/^…$/gm, "[\\s\\S]*?").replaceAll("…", ".*");
  return new RegExp(`^${pattern}\\s*$`);
}
