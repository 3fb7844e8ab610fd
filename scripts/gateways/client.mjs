// A client on one connection that costs little, so that the gateways are what is measured.
import { connect } from "node:net";

export class Client {
  constructor(port, headers) {
    this.port = port;
    this.connect();
    this.lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  }

  connect() {
    this.socket = connect(this.port, "127.0.0.1").setNoDelay(true);
  }

  /** Sends a request and waits for the end of its answer. Throws for another status than 200. */
  async ask(body) {
    await this.exchange(body, isComplete);
  }

  /** Sends a request and returns the number of events of its answer. */
  async countEvents(body) {
    return await this.exchange(body, isComplete);
  }

  /** Sends a request and waits for the first event of its answer. */
  async open(body) {
    await this.exchange(body, (text) => text.includes("data: "));
  }

  close() {
    this.socket.destroy();
  }

  exchange(body, isDone) {
    if (this.socket.destroyed || this.socket.readableEnded) this.connect();
    const { socket } = this;
    const head =
      "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\n" +
      "content-type: application/json\r\n" +
      `${this.lines.join("")}content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
    return new Promise((resolve, reject) => {
      let [events, tail, isChecked] = [0, "", false];
      const onData = (data) => {
        const text = data.toString("latin1");
        if (!isChecked && !/^HTTP\/1\.1 200/.test(text)) {
          return finish(() => reject(new Error(text.slice(0, 500))));
        }
        isChecked = true;
        events += text.split("data: ").length - 1;
        tail = (tail + text).slice(-4096);
        if (isDone(tail)) finish(() => resolve(events));
      };
      const onClose = () => finish(() => reject(new Error("the connection was closed")));
      const finish = (settle) => {
        socket.off("data", onData).off("close", onClose).off("error", onClose);
        settle();
      };
      socket.on("data", onData).on("close", onClose).on("error", onClose);
      socket.write(head + body);
    });
  }
}

/** True at the last chunk of a chunked body, or at the end of a JSON answer with a length. */
function isComplete(tail) {
  return (
    tail.endsWith("\r\n0\r\n\r\n") ||
    /content-length: \d+\r\n(?:[\s\S]*\r\n)?\r\n\{[\s\S]*\}\s*$/i.test(tail)
  );
}
