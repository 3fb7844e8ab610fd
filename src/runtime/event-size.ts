import type { ChatEvent, ChosenToken } from "../core/chat.ts";

const EVENT_BYTES = 100;
const CHARACTER_BYTES = 2;
/** An object with a number, a short text and its bytes. */
const LOGPROB_BYTES = 250;

/** Estimated memory of an event in bytes, to bound what waits for a slow client. */
export function bytesOfEvent(event: ChatEvent): number {
  switch (event.type) {
    case "reasoning":
    case "text":
      return EVENT_BYTES + event.text.length * CHARACTER_BYTES + bytesOfTokens(event.tokens);
    case "tool_call":
      return EVENT_BYTES + (event.name.length + event.arguments.length) * CHARACTER_BYTES;
    default:
      return EVENT_BYTES;
  }
}

function bytesOfTokens(tokens: readonly ChosenToken[] = []): number {
  return tokens.reduce((sum, { top }) => sum + (1 + top.length) * LOGPROB_BYTES, 0);
}
