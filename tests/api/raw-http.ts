import { connect } from "node:net";

export interface RawAnswer {
  /** The status of every response, in order. */
  readonly statuses: readonly number[];
  readonly text: string;
  readonly ms: number;
}

/**
 * Sends these bytes unchanged, and reads until the other side closes or nothing arrived for
 * `quietMs`. Without `quietMs` it waits for the other side alone.
 */
export function sendRaw(port: number, bytes: string, quietMs?: number): Promise<RawAnswer> {
  const begun = performance.now();
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes, "latin1"));
    if (quietMs !== undefined) socket.setTimeout(quietMs, () => socket.destroy());
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));
      resolve({ statuses, text, ms: performance.now() - begun });
    });
  });
}

/** A request with these header lines after Host. */
export function request(line: string, headers: readonly string[] = [], body = ""): string {
  return [line, "Host: localhost", ...headers, "", body].join("\r\n");
}
