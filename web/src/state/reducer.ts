import type { Delta } from "../api/deltas.ts";
import { endAnswer, growAnswer, type Outcome } from "./answer.ts";
import {
  type Answer,
  type Conversation,
  type ConversationSummary,
  type MediaFile,
  type Message,
  newConversation,
  type Picture,
  titleOf,
} from "./conversation.ts";

export interface Draft {
  readonly text: string;
  readonly pictures: readonly Picture[];
  readonly files: readonly MediaFile[];
}

export interface State {
  /** The one on the screen. */
  readonly conversation: Conversation;
  /** All that are kept, the latest first; the one on the screen only once it has messages. */
  readonly kept: readonly ConversationSummary[];
  readonly draft: Draft;
}

export type Action =
  | { readonly type: "listed"; readonly kept: readonly ConversationSummary[] }
  | { readonly type: "opened"; readonly conversation: Conversation }
  | { readonly type: "renamed"; readonly id: string; readonly title: string }
  | { readonly type: "draft_typed"; readonly text: string }
  | { readonly type: "pictures_added"; readonly pictures: readonly Picture[] }
  | { readonly type: "file_added"; readonly file: MediaFile }
  | { readonly type: "picture_removed"; readonly id: string }
  | { readonly type: "draft_cleared" }
  | { readonly type: "said"; readonly messages: readonly Message[]; readonly now: number }
  /** Cuts the conversation before a message. */
  | { readonly type: "cut"; readonly messageId: string }
  | {
      readonly type: "grew";
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
  return { conversation: newConversation(now), kept: [], draft: EMPTY_DRAFT };
}

export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "listed":
      return { ...state, kept: action.kept };
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
    case "picture_removed": {
      const isOther = ({ id }: { readonly id: string }): boolean => id !== action.id;
      const pictures = state.draft.pictures.filter(isOther);
      const files = state.draft.files.filter(isOther);
      return { ...state, draft: { ...state.draft, pictures, files } };
    }
    case "draft_cleared":
      return { ...state, draft: EMPTY_DRAFT };
    case "said":
      return said(state, action.messages, action.now);
    case "cut": {
      const { messages } = state.conversation;
      const at = messages.findIndex((message) => message.id === action.messageId);
      return at === -1 ? state : withMessages(state, messages.slice(0, at));
    }
    case "grew":
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
    kept: state.kept.map(rename),
  };
}

function said(state: State, added: readonly Message[], now: number): State {
  const messages = [...state.conversation.messages, ...added];
  const next = withMessages(state, messages);
  const conversation = { ...next.conversation, updatedAt: now };
  const others = state.kept.filter(({ id }) => id !== conversation.id);
  return { ...next, conversation, kept: [summaryOf(conversation), ...others] };
}

export function summaryOf({ messages: _, ...summary }: Conversation): ConversationSummary {
  return summary;
}

function withMessages(state: State, messages: readonly Message[]): State {
  const { conversation } = state;
  const title = conversation.titled ? conversation.title : titleOf(messages);
  return { ...state, conversation: { ...conversation, title, messages } };
}

/** An answer of another conversation is left alone: it is nobody's any more. */
function withAnswer(state: State, id: string, change: (answer: Answer) => Answer): State {
  const { conversation } = state;
  const messages = conversation.messages.map((message) =>
    message.role === "assistant" && message.id === id ? change(message) : message,
  );
  return { ...state, conversation: { ...conversation, messages } };
}
