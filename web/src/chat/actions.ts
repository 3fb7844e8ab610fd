import { createContext, useContext } from "react";
import type { Question } from "../conversation/model.ts";

/** The actions on messages. */
export interface ThreadActions {
  readonly regenerate: (answerId: string) => void;
  readonly edit: (question: Question, text: string) => void;
  readonly giveResults: (texts: readonly string[]) => void;
}

const ThreadContext = createContext<ThreadActions>({
  regenerate: () => undefined,
  edit: () => undefined,
  giveResults: () => undefined,
});

export const ThreadActionsProvider = ThreadContext.Provider;

export function useThreadActions(): ThreadActions {
  return useContext(ThreadContext);
}
