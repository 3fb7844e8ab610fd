import type { ChatEvent } from "../core/chat.ts";
import type { Delivery } from "../core/delivery.ts";
import type { AttemptResult } from "./attempt.ts";

/**
 * Holds the events of an attempt back until it has answered, for callers that read whole answers.
 * An attempt that breaks off delivers nothing, so that another provider can answer in its place.
 */
export async function* heldBack(
  events: AsyncGenerator<ChatEvent, AttemptResult>,
  delivery: Delivery,
): AsyncGenerator<ChatEvent, AttemptResult> {
  const held: ChatEvent[] = [];
  let next = await events.next();
  while (next.done !== true) {
    held.push(next.value);
    next = await events.next();
  }
  if (next.value.type === "failed") return next.value;
  for (const event of held) {
    delivery.add(event);
    yield event;
  }
  return next.value;
}
