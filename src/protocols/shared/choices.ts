import { setMaxListeners } from "node:events";
import type { ChatEvent, ChatRequest } from "../../core/chat.ts";
import type { Upstream } from "../../core/upstream.ts";
import type { ChoiceEvent } from "./usage.ts";

/**
 * Copies a request once per answer. The seeds count up from the given one, and only the first
 * answer bills the prompt.
 */
export function toChoiceRequests(request: ChatRequest, count: number): ChatRequest[] {
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return request;
    const { seed } = request.sampling ?? {};
    const next = seed === undefined ? {} : { seed: BigInt.asIntN(64, seed + BigInt(index)) };
    return { ...request, sampling: { ...request.sampling, ...next }, promptAlreadyBilled: true };
  });
}

/**
 * Answers requests concurrently and yields their events as they occur, each with the index of its
 * request. The events of a single request are passed on as they are, since every generator around
 * them costs time per event.
 *
 * Throws what the first failing request throws. All requests end when the iteration ends.
 */
export function runConcurrently(
  upstream: Upstream,
  requests: readonly ChatRequest[],
  signal: AbortSignal,
): AsyncIterable<ChoiceEvent> {
  const [only, ...others] = requests;
  if (only !== undefined && others.length === 0) return upstream.chat(only, signal);
  return runTogether(upstream, requests, signal);
}

async function* runTogether(
  upstream: Upstream,
  requests: readonly ChatRequest[],
  signal: AbortSignal,
): AsyncGenerator<ChoiceEvent> {
  const end = new AbortController();
  const anySignal = AbortSignal.any([signal, end.signal]);
  setMaxListeners(0, anySignal); // one per request
  const runs = requests.map((request) => upstream.chat(request, anySignal)[Symbol.asyncIterator]());
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
    end.abort(new Error("another answer to the same request ended it"));
    await Promise.allSettled(pending.values());
    await Promise.allSettled(runs.map((run) => run.return?.()));
  }
}
