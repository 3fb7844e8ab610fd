// An HTTP client of one tenant, which tells a torn answer from a complete one.
import { Agent, request } from "node:http";

/** Longer than the deadline of the server, which must answer by then. */
const ANSWER_MS = 660_000;

export class Client {
  /** Tokens of the answers that arrived completely. */
  promptTokens = 0;
  completionTokens = 0;

  constructor(port, key) {
    this.port = port;
    this.key = key;
    this.agent = new Agent({ keepAlive: true, maxSockets: 256 });
  }

  /**
   * Sends a request and reads its answer. `onResponse` may pause the response or destroy it.
   * Throws an Error for a torn answer, and the signal's reason.
   */
  send({ method = "POST", path, headers = {}, body, signal, onResponse }) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        sent.destroy(new Error(`no complete answer in ${ANSWER_MS / 1000} s`));
      }, ANSWER_MS);
      const fail = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      const options = {
        ...{ host: "127.0.0.1", port: this.port, agent: this.agent, method, path, signal },
        headers: { authorization: `Bearer ${this.key}`, ...headers },
      };
      const sent = request(options, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.once("error", (error) => fail(new Error("the answer is torn", { cause: error })));
        response.once("end", () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode, bytes: Buffer.concat(chunks) });
        });
        onResponse?.(response);
      });
      sent.once("error", fail);
      sent.end(body);
    });
  }

  async postJson(path, value, more = {}) {
    const body =
      typeof value === "string" || Buffer.isBuffer(value) ? value : JSON.stringify(value);
    return await this.send({
      path,
      body,
      ...more,
      headers: { "content-type": "application/json", ...more.headers },
    });
  }

  async getJson(path) {
    const { status, bytes } = await this.send({ method: "GET", path });
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${bytes.subarray(0, 200)}`);
    return JSON.parse(bytes);
  }

  count({ prompt_tokens, completion_tokens }) {
    this.promptTokens += prompt_tokens;
    this.completionTokens += completion_tokens;
  }

  close() {
    this.agent.destroy();
  }
}
