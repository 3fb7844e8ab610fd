import type { ChatRequest } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { Grammars } from "../grammar/grammars.ts";
import type { Matcher } from "../grammar/matcher.ts";
import { END_THINK } from "../text/reasoning.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { CLOSE_CALLS, OPEN_CALLS } from "../text/tool-calls.ts";

/** What binds one answer to a grammar. */
export interface Constraint {
  readonly matcher: Matcher;
  /**
   * Tokens that may not come while the reasoning ends with this beginning of `</think>`: they
   * would finish the tag and say something of the answer in one go, unseen by the grammar.
   */
  overrunning(held: string): readonly number[];
  /** Line breaks that stand between the reasoning and the answer. */
  readonly gapIds: readonly number[];
}

/** Makes the constraints of one model's answers. */
export class Constraints {
  private readonly grammars: Grammars;
  private readonly tokenizer: Tokenizer;
  private readonly overruns = new Map<string, readonly number[]>();
  private goingOn: readonly (readonly [number, string])[] | undefined;

  /** tokens: columns of the model's logits. */
  constructor(tokenizer: Tokenizer, tokens: number, eosIds: readonly number[]) {
    this.tokenizer = tokenizer;
    const tags = [OPEN_CALLS, CLOSE_CALLS];
    const silent = tokenizer.addedTokens.filter(({ content }) => !tags.includes(content));
    const silentIds = new Set(silent.map(({ id }) => id));
    const none = new Uint8Array(0);
    const bytesOf = (id: number): Uint8Array => (silentIds.has(id) ? none : tokenizer.bytesOf(id));
    this.grammars = new Grammars({ tokens, eosIds, bytesOf });
  }

  /** Does ahead what the first constrained answer would have to wait for. */
  prewarm(): Promise<void> {
    return this.grammars.prewarm();
  }

  /** Throws invalid_schema for a grammar that cannot be kept to. */
  async open(request: ChatRequest): Promise<Constraint | undefined> {
    const { tools = [], toolChoice, parallelToolCalls, output } = request;
    const compiled = await this.grammars.compile({
      tools,
      choice: toolChoice ?? "auto",
      parallel: parallelToolCalls ?? true,
      ...(output === undefined ? {} : { output }),
    });
    if (compiled === undefined) return undefined;
    if (request.continueFinalMessage === true) {
      const text = "continue_final_message cannot be joined with a format of the answer";
      throw new VireoError("unsupported_parameter", text, { param: "continue_final_message" });
    }
    return {
      matcher: compiled.open(),
      overrunning: (held) => this.overrunning(held),
      gapIds: this.tokenizer.encodeText("\n\n"),
    };
  }

  private overrunning(held: string): readonly number[] {
    const rest = END_THINK.startsWith(held) ? END_THINK.slice(held.length) : END_THINK;
    const known = this.overruns.get(rest);
    if (known) return known;
    this.goingOn ??= tokensGoingOn(this.tokenizer);
    const ids = this.goingOn.flatMap(([id, text]) => {
      const after = text.startsWith(rest) ? text.slice(rest.length) : afterTag(text);
      return after === undefined || /^[\r\n]*$/.test(after) ? [] : [id];
    });
    this.overruns.set(rest, ids);
    return ids;
  }
}

/** Tokens in which something comes after a `>`, with a character for each byte. */
function tokensGoingOn(tokenizer: Tokenizer): (readonly [number, string])[] {
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
