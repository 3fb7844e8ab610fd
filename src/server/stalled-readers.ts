import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface ReaderBounds {
  /** Time in which a client must take some of the bytes that wait for it. */
  readonly stalledMs: number;
  /** Time after which an answer that still waits for its reader is cut. */
  readonly answerMs: number;
}

/**
 * Closes connections whose clients do not read their answers, so that these do not stay in memory.
 *
 * An answer that is being computed has nothing to read, so silence alone closes nothing. Reading a
 * byte now and then keeps a connection for `answerMs` at most, except downloads of files.
 */
export function closeStalledReaders(server: Server, { stalledMs, answerMs }: ReaderBounds): void {
  const answers = new WeakMap<Socket, Set<ServerResponse>>();
  server.setTimeout(stalledMs);
  server.on("timeout", (socket: Socket) => {
    const running = answers.get(socket)?.size ?? 0;
    if (running === 0 || socket.writableLength > 0) socket.destroy();
  });
  server.on("request", (request, response) => {
    const { socket } = request;
    const open = answers.get(socket) ?? new Set();
    answers.set(socket, open.add(response));
    const cut = (): void => {
      if (socket.writableLength > 0) socket.destroy();
      else timer.refresh();
    };
    const timer = setTimeout(cut, answerMs).unref();
    if (request.method !== "POST") clearTimeout(timer);
    response.once("close", () => {
      clearTimeout(timer);
      open.delete(response);
    });
  });
}
