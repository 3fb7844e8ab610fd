import type { ToolDefinition } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { type CompiledGrammar, openGrammar } from "./matcher.ts";
import { compileProgram, type Program } from "./program.ts";
import { ANY_PARAMETERS, type ToolRequest, toolGrammar } from "./tool-grammar.ts";
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
    const program = programOf(request);
    if (program === undefined) return undefined;
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

/** Where the grammar of all schemas is too large, tools that are not strict take any object. */
function programOf(request: ToolRequest): Program | undefined {
  const compile = (tools: ToolRequest["tools"]): Program | undefined => {
    const grammar = toolGrammar({ ...request, tools });
    return grammar && compileProgram(grammar);
  };
  try {
    return compile(request.tools);
  } catch (error) {
    const isLoose = ({ strict, parameters }: ToolDefinition) => !strict && parameters !== undefined;
    const refused = error instanceof VireoError && error.code === "invalid_schema";
    if (!refused || !request.tools.some(isLoose)) throw error;
    return compile(
      request.tools.map((tool) => (isLoose(tool) ? { ...tool, parameters: ANY_PARAMETERS } : tool)),
    );
  }
}
