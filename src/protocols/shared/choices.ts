import type { ChatEvent, ChatRequest } from "../../core/chat.ts";
import type { Upstream } from "../../core/upstream.ts";
import type { ChoiceEvent } from "./usage.ts";

/**
 * The requests for so many answers to one: the same with seeds of their own, counted up from the
 * one that was given. The prompt is booked with the first.
 */
export function toChoices(request: ChatRequest, count: number): ChatRequest[] {
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return request;
    const { seed } = request.sampling ?? {};
    const next = seed === undefined ? {} : { seed: BigInt.asIntN(64, seed + BigInt(index)) };
    return { ...request, sampling: { ...request.sampling, ...next }, promptAlreadyBilled: true };
  });
}

/**
 * Answers requests side by side; events come as they happen, each with its request's index.
 *
 * Throws what the first of them throws that fails. However it ends, all of them do.
 */
export async function* sideBySide(
  upstream: Upstream,
  requests: readonly ChatRequest[],
  signal: AbortSignal,
): AsyncGenerator<ChoiceEvent> {
  const [only] = requests;
  if (only !== undefined && requests.length === 1) {
    yield* upstream.chat(only, signal);
    return;
  }
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const runs = requests.map((request) => upstream.chat(request, both)[Symbol.asyncIterator]());
  type Next = { readonly choice: number; readonly result: IteratorResult<ChatEvent> };
  const nextOf = async (choice: number): Promise<Next> => ({
    choice,
    result: await runs[choice]!.next(),
  });
  const pending = new Map(runs.map((_, choice) => [choice, nextOf(choice)]));
  try {
    while (pending.size > 0) {
      const { choice, result } = await Promise.race(pending.values());
      if (result.done === true) {
        pending.delete(choice);
      } else {
        pending.set(choice, nextOf(choice));
        yield { ...result.value, choice };
      }
    }
  } finally {
    over.abort(new Error("another answer to the same request ended it"));
    await Promise.allSettled(pending.values());
    await Promise.allSettled(runs.map((run) => run.return?.()));
  }
}
