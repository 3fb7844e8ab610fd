import type { Delta } from "../api/deltas.ts";
import {
  type Answer,
  type Conversation,
  type ConversationSummary,
  type MediaFile,
  type Message,
  newConversation,
  type Picture,
  summaryOf,
  titleOf,
} from "../conversation/model.ts";
import { endAnswer, growAnswer, type Outcome } from "./answer.ts";

export interface Draft {
  readonly text: string;
  readonly pictures: readonly Picture[];
  readonly files: readonly MediaFile[];
}

export interface State {
  /** The open conversation. */
  readonly conversation: Conversation;
  /** All saved conversations, newest first, and the open one if it has messages. */
  readonly saved: readonly ConversationSummary[];
  readonly draft: Draft;
}

export type Action =
  | { readonly type: "listed"; readonly saved: readonly ConversationSummary[] }
  | { readonly type: "opened"; readonly conversation: Conversation }
  | { readonly type: "renamed"; readonly id: string; readonly title: string }
  | { readonly type: "draft_typed"; readonly text: string }
  | { readonly type: "pictures_added"; readonly pictures: readonly Picture[] }
  | { readonly type: "file_added"; readonly file: MediaFile }
  | { readonly type: "attachment_removed"; readonly id: string }
  | { readonly type: "draft_cleared" }
  | { readonly type: "message_added"; readonly messages: readonly Message[]; readonly now: number }
  /** Removes a message and everything after it. */
  | { readonly type: "cut"; readonly messageId: string }
  | {
      readonly type: "delta";
      readonly id: string;
      readonly deltas: readonly Delta[];
      readonly now: number;
    }
  | {
      readonly type: "ended";
      readonly id: string;
      readonly outcome: Outcome;
      readonly now: number;
    };

const EMPTY_DRAFT: Draft = { text: "", pictures: [], files: [] };

export function isEmpty({ text, pictures, files }: Draft): boolean {
  return text.trim() === "" && pictures.length === 0 && files.length === 0;
}

export function initialState(now: number = Date.now()): State {
  return { conversation: newConversation(now), saved: [], draft: EMPTY_DRAFT };
}

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "listed":
      return { ...state, saved: action.saved };
    case "opened":
      return { ...state, conversation: action.conversation, draft: EMPTY_DRAFT };
    case "renamed":
      return renamed(state, action.id, action.title);
    case "draft_typed":
      return { ...state, draft: { ...state.draft, text: action.text } };
    case "pictures_added": {
      const pictures = [...state.draft.pictures, ...action.pictures];
      return { ...state, draft: { ...state.draft, pictures } };
    }
    case "file_added": {
      const files = [...state.draft.files, action.file];
      return { ...state, draft: { ...state.draft, files } };
    }
    case "attachment_removed": {
      const isOther = ({ id }: { readonly id: string }): boolean => id !== action.id;
      const pictures = state.draft.pictures.filter(isOther);
      const files = state.draft.files.filter(isOther);
      return { ...state, draft: { ...state.draft, pictures, files } };
    }
    case "draft_cleared":
      return { ...state, draft: EMPTY_DRAFT };
    case "message_added":
      return addMessages(state, action.messages, action.now);
    case "cut": {
      const { messages } = state.conversation;
      const at = messages.findIndex((message) => message.id === action.messageId);
      return at === -1 ? state : withMessages(state, messages.slice(0, at));
    }
    case "delta":
      return withAnswer(state, action.id, (a) => growAnswer(a, action.deltas, action.now));
    case "ended":
      return withAnswer(state, action.id, (a) => endAnswer(a, action.outcome, action.now));
  }
}

function renamed(state: State, id: string, title: string): State {
  const rename = <T extends ConversationSummary>(conversation: T): T =>
    conversation.id === id ? { ...conversation, title, titled: true } : conversation;
  return {
    ...state,
    conversation: rename(state.conversation),
    saved: state.saved.map(rename),
  };
}

function addMessages(state: State, added: readonly Message[], now: number): State {
  const messages = [...state.conversation.messages, ...added];
  const next = withMessages(state, messages);
  const conversation = { ...next.conversation, updatedAt: now };
  const others = state.saved.filter(({ id }) => id !== conversation.id);
  return { ...next, conversation, saved: [summaryOf(conversation), ...others] };
}

function withMessages(state: State, messages: readonly Message[]): State {
  const { conversation } = state;
  const title = conversation.titled ? conversation.title : titleOf(messages);
  return { ...state, conversation: { ...conversation, title, messages } };
}

/** Does nothing if the answer is not in the open conversation. */
function withAnswer(state: State, id: string, change: (answer: Answer) => Answer): State {
  const { conversation } = state;
  const messages = conversation.messages.map((message) =>
    message.role === "assistant" && message.id === id ? change(message) : message,
  );
  return { ...state, conversation: { ...conversation, messages } };
}
