import { LIMITS } from "../core/limits.ts";
import { type CompiledGrammar, openGrammar } from "./matcher.ts";
import { compileProgram } from "./program.ts";
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

  /** The grammar that binds an answer, if anything does. Throws invalid_schema. */
  async compile(request: ToolRequest): Promise<CompiledGrammar | undefined> {
    const key = JSON.stringify(request);
    const known = this.compiled.get(key);
    if (known) {
      this.compiled.delete(key); // the latest used stands last
      this.compiled.set(key, known);
      return known;
    }
    const grammar = toolGrammar(request);
    if (grammar === undefined) return undefined;
    const compiled = openGrammar(compileProgram(grammar), await this.vocabularyRead());
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
