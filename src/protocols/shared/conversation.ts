import type { ChatMessage, ContentPart, ToolCall } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { type ErrorCode, VireoError } from "../../core/errors.ts";

/** A tool call in the history, with the id that its result refers to. */
export interface PastCall extends ToolCall {
  /** Absent if the client sent none; such calls receive results in order. */
  readonly id?: string | null | undefined;
}

export interface PastAnswer {
  readonly content: string | readonly ContentPart[];
  readonly calls?: readonly PastCall[];
  /** Reasoning to include in the prompt again. */
  readonly reasoning?: string;
}

export interface PastResult {
  /** The id of the call; without one the result goes to the first call without a result. */
  readonly callId?: string | null | undefined;
  /** The tool's name, for protocols whose results have no id. */
  readonly toolName?: string | null | undefined;
  readonly content: string | readonly ContentPart[];
  /** The field of the id, for errors. */
  readonly param: string;
}

type Content = string | readonly ContentPart[];
interface Call extends PastCall {
  result?: Content;
}
type Turn =
  | { readonly role: "system"; readonly content: string }
  | { readonly role: "user"; readonly content: Content }
  | { readonly role: "assistant"; readonly answer: PastAnswer; readonly calls: Call[] };

/** The result of a call that has none, where other calls of its turn have one. */
export const MISSING_RESULT = "(no result was sent for this call)";
const NOTE_START = "[System note]";
const NOTE_END = "[End of system note]";
/** Replaces a medium in a tool's result; the medium moves to the next user turn. */
const PLACEHOLDERS = { image: "[image]", video: "[video]", document: "[file]" } as const;

/**
 * Puts the messages of any protocol into the order and form that the model's template supports.
 *
 * The template has one system turn, at the start. It has one group of tool results per round, in
 * the order of the calls and without ids. It has media in user turns only. Therefore
 *
 * - leading system messages are joined; each later one becomes a marked note in the next user
 *   turn, or at the end of the previous user turn if the model's answer comes first;
 * - results are matched to calls by id and placed in the order of the calls;
 * - media of results move to the start of the next user turn.
 */
export class Conversation {
  private readonly turns: Turn[] = [];

  system(text: string): void {
    this.turns.push({ role: "system", content: text });
  }

  user(content: Content): void {
    this.turns.push({ role: "user", content });
  }

  assistant(answer: PastAnswer): void {
    const calls = (answer.calls ?? []).map((call) => ({ ...call }));
    this.turns.push({ role: "assistant", answer, calls });
  }

  /** Adds a call to the last answer, or to a new one if the last already has results. */
  call(call: PastCall): void {
    const last = this.turns.at(-1);
    const isOpen =
      last?.role === "assistant" && last.calls.every(({ result }) => result === undefined);
    // copies the call, because its result is written into it
    if (isOpen) last.calls.push({ ...call });
    else this.assistant({ content: "", calls: [call] });
  }

  /** Throws out_of_range for a result without a call, and for a second result of a call. */
  result({ callId, toolName, content, param }: PastResult): void {
    const call = callId ? this.callById(callId, param) : this.firstOpenCall(toolName);
    if (call === undefined) {
      const named = toolName ? ` of ${JSON.stringify(toolName.slice(0, 64))}` : "";
      throw refuse(
        "out_of_range",
        param,
        `is missing, and no earlier call${named} lacks a result; send the call before its result`,
      );
    }
    call.result = content;
  }

  /** Later rounds may reuse ids, so the latest call without a result matches. */
  private callById(id: string, param: string): Call {
    const sameId = this.rounds().flatMap((calls) => calls.filter((call) => call.id === id));
    const open = sameId.find(({ result }) => result === undefined);
    if (open !== undefined) return open;
    const [latest = []] = this.rounds();
    const unnamed = latest.find((call) => !call.id && call.result === undefined);
    if (sameId.length === 0 && unnamed !== undefined) return unnamed;
    const shown = JSON.stringify(id.slice(0, 64));
    const why =
      sameId.length === 0
        ? `is ${shown}, but no earlier tool call has that id; send the answer with that call too`
        : `is ${shown} for the second time; send one result per tool call`;
    throw refuse("out_of_range", param, why);
  }

  private firstOpenCall(toolName: string | null | undefined): Call | undefined {
    const [latest = []] = this.rounds();
    const open = latest.filter(({ result }) => result === undefined);
    return (toolName ? open.find(({ name }) => name === toolName) : undefined) ?? open[0];
  }

  /** The calls of each answer with calls, latest first. */
  private rounds(): Call[][] {
    return this.turns
      .toReversed()
      .flatMap((turn) => (turn.role === "assistant" && turn.calls.length > 0 ? [turn.calls] : []));
  }

  messages(): ChatMessage[] {
    const layout = new Layout();
    for (const turn of this.turns) layout.add(turn);
    return layout.end();
  }
}

/** Converts turns to messages in order; pending media and notes wait for the next user turn. */
class Layout {
  private readonly messages: ChatMessage[] = [];
  private pendingMedia: ContentPart[] = [];
  private pendingNotes: string[] = [];

  add(turn: Turn): void {
    if (turn.role === "user") this.user(turn.content);
    else if (turn.role === "system") this.system(turn.content);
    else this.assistant(turn.answer, turn.calls);
  }

  private assistant({ content, reasoning }: PastAnswer, calls: readonly Call[]): void {
    this.flushPending();
    const toolCalls = calls.map(({ name, arguments: json }) => ({ name, arguments: json }));
    this.messages.push({
      role: "assistant",
      content,
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
      ...defined({ reasoning }),
    });
    if (calls.some(({ result }) => result !== undefined)) {
      for (const { result } of calls) this.result(result ?? MISSING_RESULT);
    }
  }

  end(): ChatMessage[] {
    this.flushPending();
    return this.messages;
  }

  private system(text: string): void {
    const last = this.messages.at(-1);
    if (last === undefined) this.messages.push({ role: "system", content: text });
    else if (last.role !== "system") this.pendingNotes.push(text);
    else this.messages[0] = { role: "system", content: `${textOf(last.content)}\n\n${text}` };
  }

  private user(content: Content): void {
    const note = this.takeNotes();
    const media = this.pendingMedia;
    this.pendingMedia = [];
    if (media.length === 0 && note === "") {
      this.messages.push({ role: "user", content });
    } else if (media.length === 0 && typeof content === "string") {
      this.messages.push({
        role: "user",
        content: content === "" ? note : `${note}\n\n${content}`,
      });
    } else {
      const isEmpty = content.length === 0;
      const notes = note === "" ? [] : [textPart(isEmpty ? note : `${note}\n\n`)];
      this.messages.push({ role: "user", content: [...media, ...notes, ...toParts(content)] });
    }
  }

  private result(content: Content): void {
    const media = typeof content === "string" ? [] : content.filter(isMedia);
    this.pendingMedia.push(...media);
    this.messages.push({
      role: "tool",
      content: media.length === 0 ? content : joinLines(content),
    });
  }

  /** Places pending media and notes where no user turn follows. */
  private flushPending(): void {
    if (this.pendingMedia.length === 0 && this.pendingNotes.length === 0) return;
    const last = this.messages.at(-1);
    if (last?.role !== "user" || this.pendingMedia.length > 0) {
      this.user("");
      return;
    }
    const note = this.takeNotes();
    const content =
      typeof last.content === "string"
        ? `${last.content}\n\n${note}`
        : [...last.content, textPart(`\n\n${note}`)];
    this.messages[this.messages.length - 1] = { role: "user", content };
  }

  private takeNotes(): string {
    const notes = this.pendingNotes.map((text) => `${NOTE_START}\n${text}\n${NOTE_END}`);
    this.pendingNotes = [];
    return notes.join("\n\n");
  }
}

/** Renders a result as text with one line per part; a placeholder replaces each medium. */
export function joinLines(content: Content): string {
  if (typeof content === "string") return content;
  return content
    .map((part) => (part.type === "text" ? part.text : PLACEHOLDERS[part.type]))
    .join("\n");
}

export function isMedia({ type }: ContentPart): boolean {
  return type !== "text";
}

function toParts(content: Content): readonly ContentPart[] {
  if (typeof content !== "string") return content;
  return content === "" ? [] : [textPart(content)];
}

function textPart(text: string): ContentPart {
  return { type: "text", text };
}

function textOf(content: Content): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function refuse(code: ErrorCode, param: string, why: string): VireoError {
  return new VireoError(code, `${param} ${why}`, { param });
}
