import { LIMITS } from "../core/limits.ts";
import { type CompiledGrammar, openGrammar } from "./matcher.ts";
import { ProgramCompiler } from "./program-compiler.ts";
import type { ToolRequest } from "./tool-grammar.ts";
import { readVocabulary, type TokenBytes, type Vocabulary } from "./vocabulary.ts";

export interface CompileOptions {
  readonly keep?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Compiles grammars for one tokenizer and caches the most recent ones.
 *
 * Large schemas are compiled by a worker thread. Everything else runs on the calling thread: a mask
 * takes microseconds to a few milliseconds, even for hostile input, because LIMITS bounds each kind
 * of work. The tokenizer is read in slices, at the first grammar or earlier with `prewarm`.
 */
export class Grammars {
  private readonly source: TokenBytes;
  private readonly compiler = new ProgramCompiler();
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
   * Undefined if the request does not constrain the answer. Throws invalid_schema, and what
   * `WorkerLane.run` throws.
   *
   * owner: who may find the grammar in the cache, so that a tenant cannot find out by timing which
   * schemas others use. keep: false for a request of which nothing may be kept. signal: ends the
   * wait for the thread.
   */
  async compile(
    request: ToolRequest,
    owner = "",
    { keep = true, signal }: CompileOptions = {},
  ): Promise<CompiledGrammar | undefined> {
    const json = JSON.stringify(request);
    const key = `${owner}\n${json}`;
    const known = this.compiled.get(key);
    if (known) {
      this.compiled.delete(key); // the most recently used comes last
      this.compiled.set(key, known);
      return known;
    }
    const program = await this.compiler.compile(request, json, { tenant: owner, signal });
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

  /** Fails all work with `reason`; resolves when the thread has ended. */
  async close(reason: Error): Promise<void> {
    await this.compiler.close(reason);
  }

  private readOnce(): Promise<Vocabulary> {
    this.vocabulary ??= readVocabulary(this.source);
    return this.vocabulary;
  }
}
