import type { ChatRequest } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { Grammars } from "../grammar/grammars.ts";
import type { Matcher } from "../grammar/matcher.ts";
import { END_THINK } from "../text/reasoning.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { CLOSE_CALLS, OPEN_CALLS } from "../text/tool-calls.ts";

/** Binds one answer to a grammar. */
export interface Constraint {
  readonly matcher: Matcher;
  /**
   * Tokens that are forbidden while the reasoning ends with `held`, a prefix of `</think>`: they
   * complete the tag and also contain answer text, which would bypass the grammar.
   */
  forbiddenAfter(held: string): readonly number[];
  /** Tokens of the line breaks between the reasoning and the answer. */
  readonly gapIds: readonly number[];
}

/** Creates constraints for answers of one model. */
export class Constraints {
  private readonly grammars: Grammars;
  private readonly tokenizer: Tokenizer;
  private readonly forbidden = new Map<string, readonly number[]>();
  private afterBracket: readonly (readonly [number, string])[] | undefined;

  /** tokens: number of columns of the model's logits. */
  constructor(tokenizer: Tokenizer, tokens: number, eosIds: readonly number[]) {
    this.tokenizer = tokenizer;
    const tags = [OPEN_CALLS, CLOSE_CALLS];
    const silent = tokenizer.addedTokens.filter(({ content }) => !tags.includes(content));
    const silentIds = new Set(silent.map(({ id }) => id));
    const none = new Uint8Array(0);
    const bytesOf = (id: number): Uint8Array => (silentIds.has(id) ? none : tokenizer.bytesOf(id));
    this.grammars = new Grammars({ tokens, eosIds, bytesOf });
  }

  /** Reads the tokenizer now, so that the first constrained answer need not wait for it. */
  prewarm(): Promise<void> {
    return this.grammars.prewarm();
  }

  /**
   * Returns undefined if the request does not constrain the answer. Throws invalid_schema, and the
   * signal's reason if it is aborted while a large schema waits.
   */
  async open(request: ChatRequest, signal?: AbortSignal): Promise<Constraint | undefined> {
    const { tools = [], toolChoice, parallelToolCalls, output, tenant } = request;
    const keep = request.zeroDataRetention !== true;
    const constrained = {
      tools,
      choice: toolChoice ?? "auto",
      parallel: parallelToolCalls ?? true,
      ...defined({ output }),
    };
    const compiled = await this.grammars.compile(constrained, tenant, { keep, signal });
    if (compiled === undefined) return undefined;
    if (request.continueFinalMessage === true) {
      const text =
        "continue_final_message cannot be combined with an output format; remove one of them";
      throw new VireoError("unsupported_parameter", text, { param: "continue_final_message" });
    }
    return {
      matcher: compiled.open(),
      forbiddenAfter: (held) => this.forbiddenAfter(held),
      gapIds: this.tokenizer.encodeText("\n\n"),
    };
  }

  /** Fails all work with `reason`; resolves when the thread for large schemas has ended. */
  async close(reason: Error): Promise<void> {
    await this.grammars.close(reason);
  }

  private forbiddenAfter(held: string): readonly number[] {
    const rest = END_THINK.startsWith(held) ? END_THINK.slice(held.length) : END_THINK;
    const cached = this.forbidden.get(rest);
    if (cached) return cached;
    this.afterBracket ??= tokensAfterBracket(this.tokenizer);
    const ids = this.afterBracket.flatMap(([id, text]) => {
      const after = text.startsWith(rest) ? text.slice(rest.length) : afterTag(text);
      return after === undefined || /^[\r\n]*$/.test(after) ? [] : [id];
    });
    this.forbidden.set(rest, ids);
    return ids;
  }
}

/** Tokens with bytes after a `>`: id and bytes as Latin-1. */
function tokensAfterBracket(tokenizer: Tokenizer): (readonly [number, string])[] {
  const found: (readonly [number, string])[] = [];
  for (let id = 0; id < tokenizer.vocabularySize; id++) {
    const bytes = tokenizer.bytesOf(id);
    const at = bytes.indexOf(0x3e);
    if (at >= 0 && at < bytes.length - 1) found.push([id, Buffer.from(bytes).toString("latin1")]);
  }
  return found;
}

function afterTag(text: string): string | undefined {
  const end = text.indexOf(END_THINK);
  return end === -1 ? undefined : text.slice(end + END_THINK.length);
}
