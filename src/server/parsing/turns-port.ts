import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { StoredTurn, StoredTurns } from "../../protocols/openai/response-memory.ts";

/** Lets a worker thread look up stored responses, which only the main thread has. */
export interface TurnsPort {
  readonly port: MessagePort;
  /** 1 if an answer is in the port. */
  readonly answered: Int32Array;
}

type Question = { readonly history: string } | { readonly turnOf: string };
type Answer = readonly StoredTurn[] | undefined;

const WAIT_MS = 10_000;

/** Answers the lookups of a worker, which gets `asked`, until `close` is called. */
export function offerTurns(turns: StoredTurns): { readonly asked: TurnsPort; close(): void } {
  const { port1: own, port2: port } = new MessageChannel();
  const answered = new Int32Array(new SharedArrayBuffer(4));
  own.on("message", (question: Question) => {
    own.postMessage(answerOf(turns, question));
    Atomics.store(answered, 0, 1);
    Atomics.notify(answered, 0);
  });
  return { asked: { port, answered }, close: () => own.close() };
}

function answerOf(turns: StoredTurns, question: Question): Answer {
  if ("history" in question) return turns.history(question.history);
  const turn = turns.turnOf(question.turnOf);
  return turn && [turn];
}

/** Runs in the worker: sends a lookup to the main thread and blocks until it answers. */
export function turnsOver({ port, answered }: TurnsPort): StoredTurns {
  const ask = (question: Question): Answer => {
    Atomics.store(answered, 0, 0);
    port.postMessage(question);
    Atomics.wait(answered, 0, 0, WAIT_MS);
    return receiveMessageOnPort(port)?.message as Answer;
  };
  return {
    history: (history) => ask({ history }),
    turnOf: (turnOf) => ask({ turnOf })?.[0],
  };
}
