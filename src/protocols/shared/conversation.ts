import type { ChatMessage, ContentPart, ToolCall } from "../../core/chat.ts";
import { type ErrorCode, VireoError } from "../../core/errors.ts";

/** A tool call in the history, with the id by which its result names it. */
export interface PastCall extends ToolCall {
  /** Absent where the client kept none; such calls take results in order. */
  readonly id?: string | null | undefined;
}

export interface PastAnswer {
  readonly content: string | readonly ContentPart[];
  readonly calls?: readonly PastCall[];
  /** Reasoning that is to be shown to the model again. */
  readonly reasoning?: string;
}

export interface PastResult {
  /** The id of the call; without one the result belongs to the first call that has none yet. */
  readonly callId?: string | null | undefined;
  /** The tool's name, for protocols whose results carry no id. */
  readonly toolName?: string | null | undefined;
  readonly content: string | readonly ContentPart[];
  /** The field that holds the id. */
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

/** Stands for the result of a call where only the others of its turn have one. */
export const MISSING_RESULT = "(no result was sent for this call)";
const NOTE_START = "[System note]";
const NOTE_END = "[End of system note]";
/** Stands in a tool's result where a picture, video or file was; the file itself follows. */
const MARKS = { image: "[image]", video: "[video]", document: "[file]" } as const;

/**
 * Puts the messages of any protocol into the order and form that the model's template knows.
 *
 * The template has one system turn, in front; one place per round for the results of tools, in the
 * order of their calls and without ids; and media in user turns only. Therefore
 *
 * - system messages in front become one; each later one becomes a marked note in the user turn
 *   that follows it, or at the end of the one before if the model's answer comes first;
 * - results are bound to calls by id and stand in the order of the calls, wherever they came;
 * - media of results move into the user turn that follows, before its own content.
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

  /** Adds one call to the answer that came last, unless results of it are known already. */
  call(call: PastCall): void {
    const last = this.turns.at(-1);
    const isOpen =
      last?.role === "assistant" && last.calls.every(({ result }) => result === undefined);
    if (isOpen)
      last.calls.push({ ...call }); // a copy: its result is written into it
    else this.assistant({ content: "", calls: [call] });
  }

  /**
   * Throws out_of_range, naming the field, for a result that belongs to no call or to one that has
   * a result already.
   */
  result({ callId, toolName, content, param }: PastResult): void {
    const call = callId ? this.callById(callId, param) : this.firstOpenCall(toolName);
    if (call === undefined) {
      const named = toolName ? ` of ${JSON.stringify(toolName.slice(0, 64))}` : "";
      throw refuse(
        "out_of_range",
        param,
        `is missing, and no call${named} before this result still waits for one`,
      );
    }
    call.result = content;
  }

  /** Ids may come again in later rounds, so the latest call that waits is meant. */
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
        ? `is ${shown}, which no tool call before it has; send the answer with that call too`
        : `is ${shown} for the second time; a tool call has one result`;
    throw refuse("out_of_range", param, why);
  }

  private firstOpenCall(toolName: string | null | undefined): Call | undefined {
    const [latest = []] = this.rounds();
    const open = latest.filter(({ result }) => result === undefined);
    return (toolName ? open.find(({ name }) => name === toolName) : undefined) ?? open[0];
  }

  /** The calls of each answer that has some, the latest first. */
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

/** Lays turns out one after another; what has no place yet is carried to the next user turn. */
class Layout {
  private readonly laid: ChatMessage[] = [];
  private media: ContentPart[] = [];
  private notes: string[] = [];

  add(turn: Turn): void {
    if (turn.role === "user") this.user(turn.content);
    else if (turn.role === "system") this.system(turn.content);
    else this.assistant(turn.answer, turn.calls);
  }

  private assistant({ content, reasoning }: PastAnswer, calls: readonly Call[]): void {
    this.placeCarried();
    const toolCalls = calls.map(({ name, arguments: given }) => ({ name, arguments: given }));
    this.laid.push({
      role: "assistant",
      content,
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
      ...(reasoning === undefined ? {} : { reasoning }),
    });
    if (calls.some(({ result }) => result !== undefined)) {
      for (const { result } of calls) this.result(result ?? MISSING_RESULT);
    }
  }

  end(): ChatMessage[] {
    this.placeCarried();
    return this.laid;
  }

  private system(text: string): void {
    const last = this.laid.at(-1);
    if (last === undefined) this.laid.push({ role: "system", content: text });
    else if (last.role !== "system") this.notes.push(text);
    else this.laid[0] = { role: "system", content: `${textOf(last.content)}\n\n${text}` };
  }

  private user(content: Content): void {
    const note = this.takeNotes();
    const media = this.media;
    this.media = [];
    if (media.length === 0 && note === "") {
      this.laid.push({ role: "user", content });
    } else if (media.length === 0 && typeof content === "string") {
      this.laid.push({ role: "user", content: content === "" ? note : `${note}\n\n${content}` });
    } else {
      const isEmpty = content.length === 0;
      const notes = note === "" ? [] : [textPart(isEmpty ? note : `${note}\n\n`)];
      this.laid.push({ role: "user", content: [...media, ...notes, ...toParts(content)] });
    }
  }

  private result(content: Content): void {
    const media = typeof content === "string" ? [] : content.filter(isMedia);
    this.media.push(...media);
    const shown = media.length === 0 ? content : joinLines(content);
    this.laid.push({ role: "tool", content: shown });
  }

  /** Before an answer and at the end there is no user turn to wait for. */
  private placeCarried(): void {
    if (this.media.length === 0 && this.notes.length === 0) return;
    const last = this.laid.at(-1);
    if (last?.role !== "user" || this.media.length > 0) {
      this.user("");
      return;
    }
    const note = this.takeNotes();
    const content =
      typeof last.content === "string"
        ? `${last.content}\n\n${note}`
        : [...last.content, textPart(`\n\n${note}`)];
    this.laid[this.laid.length - 1] = { role: "user", content };
  }

  private takeNotes(): string {
    const notes = this.notes.map((text) => `${NOTE_START}\n${text}\n${NOTE_END}`);
    this.notes = [];
    return notes.join("\n\n");
  }
}

/** A result as text, a line for each part; media leave a mark. */
export function joinLines(content: Content): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : MARKS[part.type])).join("\n");
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
