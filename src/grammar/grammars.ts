import type { OutputFormat } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { choice, type Grammar, text } from "./expression.ts";
import { parseGbnf } from "./gbnf.ts";
import { ANY_OBJECT, jsonRules } from "./json-text.ts";
import { type CompiledGrammar, openGrammar } from "./matcher.ts";
import { compileProgram } from "./program.ts";
import { parseRegex } from "./regex.ts";
import { parseSchemaText } from "./schema.ts";
import { schemaExpression } from "./schema-grammar.ts";
import { type ToolRequest, toolGrammar } from "./tool-grammar.ts";
import { readVocabulary, type TokenBytes, type Vocabulary } from "./vocabulary.ts";

/**
 * Compiles grammars for one tokenizer and remembers the latest.
 *
 * All of it runs where it is called, without a thread of its own: a grammar is compiled in
 * milliseconds and a mask takes microseconds to a few milliseconds, whatever a stranger asks for,
 * because each kind of work has a bound in LIMITS. The tokenizer is read at the first grammar, in
 * slices, or earlier with `prewarm`.
 */
export class Grammars {
  private readonly source: TokenBytes;
  private vocabulary: Promise<Vocabulary> | undefined;
  private readonly compiled = new Map<string, CompiledGrammar>();

  constructor(source: TokenBytes) {
    this.source = source;
  }

  /** Reads the tokenizer now, so that the first grammar need not wait for it. */
  async prewarm(): Promise<void> {
    await this.vocabularyRead();
  }

  /** The grammar of an output format. Throws invalid_schema. */
  async forOutput(format: OutputFormat): Promise<CompiledGrammar> {
    return await this.open(JSON.stringify(format), () => outputGrammar(format));
  }

  /** The grammar of an answer with tools, if they bind it. Throws invalid_schema. */
  async forTools(request: ToolRequest): Promise<CompiledGrammar | undefined> {
    const grammar = toolGrammar(request);
    return grammar && (await this.open(JSON.stringify(request), () => grammar));
  }

  private async open(key: string, read: () => Grammar): Promise<CompiledGrammar> {
    const known = this.compiled.get(key);
    if (known) {
      this.compiled.delete(key); // the latest used stands last
      this.compiled.set(key, known);
      return known;
    }
    const program = compileProgram(read());
    const compiled = openGrammar(program, await this.vocabularyRead());
    if (this.compiled.size >= LIMITS.grammarsRemembered) {
      const [oldest = ""] = this.compiled.keys();
      this.compiled.delete(oldest);
    }
    this.compiled.set(key, compiled);
    return compiled;
  }

  private vocabularyRead(): Promise<Vocabulary> {
    this.vocabulary ??= readVocabulary(this.source);
    return this.vocabulary;
  }
}

/** Throws invalid_schema. */
export function outputGrammar(format: OutputFormat): Grammar {
  const rules = jsonRules();
  switch (format.type) {
    case "json_object":
      return { root: ANY_OBJECT, rules };
    case "json_schema": {
      const root = schemaExpression(parseSchemaText(format.schema), { rules });
      return { root, rules };
    }
    case "regex":
      checkLength("pattern", format.pattern);
      return { root: parseRegex(format.pattern), rules: new Map() };
    case "choice":
      return choiceGrammar(format.choices);
    case "grammar":
      checkLength("grammar", format.ebnf);
      return parseGbnf(format.ebnf);
  }
}

function choiceGrammar(choices: readonly string[]): Grammar {
  if (choices.length === 0 || choices.includes("")) {
    throw new VireoError("invalid_schema", "choices must be texts of at least one character each");
  }
  checkLength("list of choices", choices.join(""));
  return { root: choice(...choices.map(text)), rules: new Map() };
}

function checkLength(what: string, source: string): void {
  const bytes = Buffer.byteLength(source);
  if (bytes <= LIMITS.schemaBytes) return;
  const message = `the ${what} has ${bytes} bytes; at most ${LIMITS.schemaBytes} are taken`;
  throw new VireoError("invalid_schema", message);
}
