import type { ToolDefinition } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { type CompiledGrammar, openGrammar } from "./matcher.ts";
import { compileProgram, type Program } from "./program.ts";
import { ANY_PARAMETERS, type ToolRequest, toolGrammar } from "./tool-grammar.ts";
import { readVocabulary, type TokenBytes, type Vocabulary } from "./vocabulary.ts";

/**
 * Compiles grammars for one tokenizer and caches the most recent ones.
 *
 * Everything runs on the calling thread. A grammar is compiled in milliseconds and a mask takes
 * microseconds to a few milliseconds, even for hostile input, because LIMITS bounds each kind of
 * work. The tokenizer is read in slices, at the first grammar or earlier with `prewarm`.
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
    await this.readOnce();
  }

  /**
   * Undefined if the request does not constrain the answer. Throws invalid_schema.
   *
   * owner: who may find the grammar in the cache, so that a tenant cannot find out by timing which
   * schemas others use. keep: false for a request of which nothing may be kept.
   */
  async compile(
    request: ToolRequest,
    owner = "",
    { keep = true } = {},
  ): Promise<CompiledGrammar | undefined> {
    const key = JSON.stringify([owner, request]);
    const known = this.compiled.get(key);
    if (known) {
      this.compiled.delete(key); // the most recently used comes last
      this.compiled.set(key, known);
      return known;
    }
    const program = programOf(request);
    if (program === undefined) return undefined;
    const compiled = openGrammar(program, await this.readOnce());
    if (!keep) return compiled;
    if (this.compiled.size >= LIMITS.grammar.grammars) {
      const [oldest = ""] = this.compiled.keys();
      this.compiled.delete(oldest);
    }
    this.compiled.set(key, compiled);
    return compiled;
  }

  private readOnce(): Promise<Vocabulary> {
    this.vocabulary ??= readVocabulary(this.source);
    return this.vocabulary;
  }
}

/** If the grammar of all schemas is refused, tools that are not strict accept any object. */
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
