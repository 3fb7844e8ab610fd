import type { ChosenToken, TokenLogprob, Usage } from "../../core/chat.ts";
import type { VireoError } from "../../core/errors.ts";
import { invalidAnswer, reportedFailure } from "./failures.ts";
import { type Finish, readFinish } from "./finish-reasons.ts";
import { asList, asRecord, asText, type JsonObject } from "./json-values.ts";
import { ThinkSplitter } from "./think-splitter.ts";
import { ToolCallCollector } from "./tool-call-collector.ts";
import { type PartEvent, readUsage } from "./usage-report.ts";

export interface AnswerReaderOptions {
  readonly provider: string;
  readonly secrets: readonly string[];
  /** Find reasoning that the server left in the text. */
  readonly splitsThinking: boolean;
}

const UNKNOWN_ID = -1;

/**
 * Turns the chunks of one answer into events. An answer in one piece is one chunk whose delta is
 * the message.
 *
 * Reasoning is read from `reasoning`, `reasoning_content`, `reasoning_details`, parts of type
 * "thinking", and `<think>` in the text. Throws a failure for an error in the answer, for chunks of
 * another shape and for reasons that do not belong to complete answers.
 */
export class AnswerReader {
  private readonly options: AnswerReaderOptions;
  private readonly calls = new ToolCallCollector();
  private readonly thinking: ThinkSplitter | undefined;
  private nextCall = 0;
  private pendingTokens: ChosenToken[] = [];
  private hasReasoningField = false;
  private reason: JsonObject | undefined;

  /** The counts that the provider reported last. */
  usage: Usage | undefined;
  /** Set at the end of the answer. */
  finish: Finish | undefined;
  /** The answer has begun, perhaps with a call that is not complete. */
  hasBegun = false;

  constructor(options: AnswerReaderOptions) {
    this.options = options;
    this.thinking = options.splitsThinking ? new ThinkSplitter() : undefined;
  }

  /** Reads one chunk and returns the parts that are complete. */
  push(value: unknown): PartEvent[] {
    const chunk = asRecord(value);
    if (chunk === undefined) throw this.invalid("sent an answer that is no JSON object");
    if (chunk.error !== undefined && chunk.error !== null) throw this.reported(chunk);
    this.usage = readUsage(chunk.usage) ?? this.usage;
    const choice = asList(chunk.choices)
      .map(asRecord)
      .find((one) => (one?.index ?? 0) === 0);
    if (choice === undefined) return [];
    if (choice.error !== undefined && choice.error !== null) throw this.reported(choice);
    const events = this.parts(choice);
    if (typeof choice.finish_reason === "string" && choice.finish_reason !== "") {
      this.reason ??= choice;
    }
    return events;
  }

  /** The provider has given the answer's finish reason. */
  get isFinished(): boolean {
    return this.reason !== undefined;
  }

  /** Ends the answer and returns its last parts. Throws if the answer has no finish reason. */
  end(): PartEvent[] {
    if (this.reason === undefined) throw this.invalid("ended its answer without a reason", "cut");
    const isCut = readFinish(this.reason, false)?.reason === "length";
    const pieces = this.thinking?.end() ?? [];
    const events: PartEvent[] = pieces.map((piece) => this.withTokens(piece.type, piece.text));
    for (const call of this.calls.end(isCut)) events.push(this.callEvent(call));
    this.finish = readFinish(this.reason, this.nextCall > 0);
    if (this.finish === undefined) throw this.unknownReason(this.reason);
    return events;
  }

  private parts(choice: JsonObject): PartEvent[] {
    const delta = asRecord(choice.delta) ?? asRecord(choice.message) ?? {};
    this.pendingTokens.push(...readTokens(choice.logprobs));
    const events: PartEvent[] = [];
    const thought = reasoningOf(delta);
    if (thought !== "") {
      this.hasReasoningField = true;
      events.push(this.withTokens("reasoning", thought));
    }
    const text = textOf(delta.content ?? choice.text) + asText(delta.refusal);
    if (text !== "") events.push(...this.text(text));
    const pieces = delta.tool_calls ?? oldCall(delta);
    if (asList(pieces).length > 0) {
      this.hasBegun = true;
      for (const call of this.collect(pieces)) events.push(this.callEvent(call));
    }
    if (events.length > 0 || text !== "") this.hasBegun = true;
    return events;
  }

  private text(text: string): PartEvent[] {
    const pieces =
      this.thinking === undefined || this.hasReasoningField
        ? [{ type: "text", text } as const]
        : this.thinking.push(text);
    return pieces.map((piece) => this.withTokens(piece.type, piece.text));
  }

  private collect(pieces: unknown) {
    try {
      return this.calls.push(pieces);
    } catch {
      throw this.invalid("calls more tools than an answer may");
    }
  }

  private callEvent(call: { readonly name: string; readonly arguments: string }): PartEvent {
    if (call.name === "") throw this.invalid("calls a tool without naming it");
    return { type: "tool_call", index: this.nextCall++, ...call };
  }

  /** Log probabilities go with the next piece of text. */
  private withTokens(type: "text" | "reasoning", text: string): PartEvent {
    if (this.pendingTokens.length === 0) return { type, text };
    const tokens = this.pendingTokens;
    this.pendingTokens = [];
    return { type, text, tokens };
  }

  private invalid(why: string, fault: "invalid" | "cut" = "invalid"): VireoError {
    return invalidAnswer(this.options.provider, why, fault);
  }

  private unknownReason(choice: JsonObject): VireoError {
    const word = /^[\w-]{1,32}$/.exec(String(choice.finish_reason))?.[0] ?? "an unknown reason";
    return this.invalid(`ended its answer early (${word})`, "cut");
  }

  private reported(body: JsonObject): VireoError {
    return reportedFailure(this.options.provider, { body }, this.options.secrets);
  }
}

function reasoningOf(delta: JsonObject): string {
  const field = asText(delta.reasoning_content) || asText(delta.reasoning);
  if (field !== "") return field;
  const details = asList(delta.reasoning_details).map((detail) => {
    const { text, summary } = asRecord(detail) ?? {};
    return asText(text) || asText(summary);
  });
  return details.join("") || partsOf(delta.content, "thinking");
}

/** Text, or a list of parts, as some servers send it. */
function textOf(content: unknown): string {
  return typeof content === "string" ? content : partsOf(content, "text");
}

function partsOf(content: unknown, type: "text" | "thinking"): string {
  const texts = asList(content).map((value) => {
    const part = asRecord(value) ?? {};
    if (part.type !== type) return "";
    const inner = part[type];
    return typeof inner === "string" ? inner : partsOf(inner, "text");
  });
  return texts.join("");
}

/** `function_call`, the deprecated form of one call. */
function oldCall({ function_call: called }: JsonObject): unknown {
  return asRecord(called) === undefined ? undefined : [{ index: 0, function: called }];
}

function readTokens(logprobs: unknown): ChosenToken[] {
  const { tokens } = asRecord(logprobs) ?? {};
  if (Array.isArray(tokens)) return readLegacyTokens(tokens, asRecord(logprobs) ?? {});
  return asList(asRecord(logprobs)?.content).flatMap((value): ChosenToken[] => {
    const entry = asRecord(value);
    const token = readToken(entry);
    if (token === undefined) return [];
    const top = asList(entry?.top_logprobs).flatMap((other) => readToken(asRecord(other)) ?? []);
    return [{ ...token, top }];
  });
}

function readToken(entry: JsonObject | undefined): TokenLogprob | undefined {
  if (typeof entry?.token !== "string" || typeof entry.logprob !== "number") return undefined;
  const { token: text, logprob } = entry;
  const bytes = Array.isArray(entry.bytes) ? Uint8Array.from(entry.bytes) : Buffer.from(text);
  return { id: UNKNOWN_ID, text, bytes, logprob };
}

/** The form of text completions: parallel lists, and the alternatives as objects. */
function readLegacyTokens(texts: readonly unknown[], lists: JsonObject): ChosenToken[] {
  const logprobs = asList(lists.token_logprobs);
  return texts.flatMap((token, at): ChosenToken[] => {
    const chosen = readToken({ token, logprob: logprobs[at] });
    if (chosen === undefined) return [];
    const others = Object.entries(asRecord(asList(lists.top_logprobs)[at]) ?? {});
    const top = others.flatMap(([text, logprob]) => readToken({ token: text, logprob }) ?? []);
    return [{ ...chosen, top }];
  });
}
