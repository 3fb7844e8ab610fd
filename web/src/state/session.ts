import type { ChatBody } from "../api/types.ts";
import {
  type MediaFile,
  type Message,
  newAnswer,
  newConversation,
  newId,
  openCalls,
  type Picture,
  type Question,
  storedOf,
} from "../conversation/model.ts";
import { addedBlobs, dataUrlOf, releaseBlobs } from "../pictures/picture-store.ts";
import { readValue, writeValue } from "../storage/browser-values.ts";
import * as storage from "../storage/conversations.ts";
import { type Action, initialState, isEmpty, reduce, type State } from "./reducer.ts";
import { requestBody, streamed } from "./request.ts";
import { runAnswer } from "./run-answer.ts";
import { DEFAULTS, type Settings } from "./settings.ts";

const SAVE_EVERY_MS = 2000;
const NOT_SAVED = "This browser cannot save the conversation: its storage is full or off.";

/** The settings and key of a request. */
export interface RequestContext {
  readonly settings: Settings;
  readonly apiKey: string;
}

export interface SessionOptions {
  /** The server requires a key, or rejected this one. */
  readonly onKeyNeeded: () => void;
  /** A notice for the user that belongs to no message. */
  readonly onNotice: (text: string) => void;
}

/** The page's conversations: the open one, the answer in progress and the saved ones. */
export class Session {
  private readonly options: SessionOptions;
  private readonly listeners = new Set<() => void>();
  private state = initialState();
  private running:
    | { readonly controller: AbortController; readonly end: Promise<void> }
    | undefined;
  private context: RequestContext = { settings: DEFAULTS, apiKey: "" };
  private ready = false;
  private waiting: (() => void)[] = [];
  private savedAt = 0;
  private warned = false;

  constructor(options: SessionOptions) {
    this.options = options;
  }

  readonly getState = (): State => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** ready: the page has the server's models, or knows that the server does not respond. */
  configure(context: RequestContext, ready: boolean): void {
    this.context = context;
    this.ready = ready;
    if (ready) for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** The newest settings and key, once the page knows which models the server has. */
  async requestContext(): Promise<RequestContext> {
    if (!this.ready) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.context;
  }

  /** Loads the saved conversations. */
  async restore(): Promise<void> {
    await this.list();
    const id = readValue("local", "open");
    if (id !== null && this.state.conversation.messages.length === 0) await this.open(id);
  }

  /** Stops the running answer and saves it. */
  async close(): Promise<void> {
    await this.stop();
    await this.save();
  }

  async save(added: readonly (Picture | MediaFile)[] = []): Promise<void> {
    const { conversation } = this.state;
    if (conversation.messages.length === 0) return;
    this.savedAt = Date.now();
    writeValue("local", "open", conversation.id);
    try {
      await storage.saveConversation(conversation, addedBlobs(added));
      releaseBlobs(added);
    } catch {
      if (!this.warned) this.options.onNotice(NOT_SAVED);
      this.warned = true;
    }
  }

  async open(id: string): Promise<void> {
    if (id === this.state.conversation.id) return;
    await this.stop();
    const conversation = await storage.loadConversation(id).catch(() => undefined);
    if (conversation === undefined) return;
    this.dispatch({ type: "opened", conversation });
    writeValue("local", "open", id);
  }

  async startNew(): Promise<void> {
    await this.stop();
    this.dispatch({ type: "opened", conversation: newConversation() });
    writeValue("local", "open", "");
  }

  typeDraft(text: string): void {
    this.dispatch({ type: "draft_typed", text });
  }

  attach(pictures: readonly Picture[]): void {
    this.dispatch({ type: "pictures_added", pictures });
  }

  attachFile(file: MediaFile): void {
    this.dispatch({ type: "file_added", file });
  }

  detach(id: string): void {
    releaseBlobs([{ id }]);
    this.dispatch({ type: "attachment_removed", id });
  }

  /** Sends the draft. */
  ask(): void {
    const { draft } = this.state;
    if (this.running !== undefined || isEmpty(draft)) return;
    this.dispatch({ type: "draft_cleared" });
    this.send([{ role: "user", id: newId(), ...draft, text: draft.text.trim() }]);
  }

  /** Stops the running answer. The text so far stays. */
  async stop(): Promise<void> {
    this.running?.controller.abort();
    await this.running?.end;
  }

  /** Generates an answer again. The old one and everything after it are removed. */
  async regenerate(answerId: string): Promise<void> {
    await this.stop();
    this.dispatch({ type: "cut", messageId: answerId });
    this.send([]);
  }

  /** Replaces the text of a question and generates a new answer. */
  async edit(question: Question, text: string): Promise<void> {
    await this.stop();
    this.dispatch({ type: "cut", messageId: question.id });
    this.send([{ ...question, id: newId(), text: text.trim() }]);
  }

  /** Sends the results of the open tool calls, in their order. */
  giveResults(texts: readonly string[]): void {
    const calls = openCalls(this.state.conversation.messages);
    if (this.running !== undefined || calls.length === 0) return;
    this.send(
      calls.map(({ id, name }, index) => {
        return { role: "tool", id: newId(), callId: id, name, text: texts[index] ?? "" };
      }),
    );
  }

  async rename(id: string, title: string): Promise<void> {
    this.dispatch({ type: "renamed", id, title });
    const conversation =
      this.state.conversation.id === id
        ? this.state.conversation
        : await storage.loadConversation(id);
    if (conversation === undefined) return;
    await storage.saveConversation({ ...conversation, title, titled: true });
  }

  /** Deletes a conversation; the returned function restores it. */
  async remove(id: string): Promise<(() => Promise<void>) | undefined> {
    const wasOpen = this.state.conversation.id === id;
    if (wasOpen) await this.startNew();
    const removed = await storage.removeConversation(id);
    await this.list();
    if (removed === undefined) return undefined;
    return async () => {
      await storage.saveConversation(removed.conversation, removed.pictures);
      await this.list();
      if (wasOpen) await this.open(id);
    };
  }

  async clear(): Promise<void> {
    await this.startNew();
    await storage.clearEverything();
    await this.list();
  }

  private dispatch(action: Action): void {
    this.state = reduce(this.state, action);
    for (const listener of this.listeners) listener();
  }

  private async list(): Promise<void> {
    const saved = await storage.listConversations().catch(() => []);
    this.dispatch({ type: "listed", saved });
  }

  /** Adds messages and generates the next answer. */
  private send(messages: readonly Message[]): void {
    const now = Date.now();
    const answer = newAnswer(this.context.settings.model, now);
    const isFirst = this.state.conversation.messages.length === 0;
    this.dispatch({ type: "message_added", messages: [...messages, answer], now });
    const history = this.state.conversation.messages.slice(0, -1);
    const controller = new AbortController();
    this.running = { controller, end: this.runAnswer(answer.id, history, controller.signal) };
    void this.saveNew(storedOf(messages), isFirst);
  }

  private async saveNew(added: readonly (Picture | MediaFile)[], isFirst: boolean): Promise<void> {
    await this.save(added);
    if (!isFirst) return;
    await storage.tidy(this.state.conversation.id).catch(() => undefined);
    await this.list();
  }

  private async runAnswer(
    id: string,
    history: readonly Message[],
    signal: AbortSignal,
  ): Promise<void> {
    const { settings, apiKey } = this.context;
    const outcome = await runAnswer({
      body: () => bodyOf(history, settings),
      key: apiKey,
      signal,
      onDeltas: (deltas) => {
        this.dispatch({ type: "delta", id, deltas, now: Date.now() });
        if (Date.now() - this.savedAt > SAVE_EVERY_MS) void this.save();
      },
    });
    this.running = undefined;
    this.dispatch({ type: "ended", id, outcome, now: Date.now() });
    if (outcome.status === "failed" && outcome.failure.status === 401) this.options.onKeyNeeded();
    await this.save();
  }
}

async function bodyOf(messages: readonly Message[], settings: Settings): Promise<ChatBody> {
  const urls = new Map<string, string>();
  for (const stored of storedOf(messages)) urls.set(stored.id, await dataUrlOf(stored));
  return streamed(requestBody(messages, settings, ({ id }) => urls.get(id) ?? ""));
}
