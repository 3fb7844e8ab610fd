import { expect } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { MediaFetcher } from "../../src/egress/media-fetcher.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { openTiny } from "../engine/asking.ts";

const MODEL = "nvidia/nemotron-nano-12b-v2-vl";
/** CPU time, which other programs on the machine do not lengthen. */
const MAX_ROW_CPU_MS = 3000;

export const KEY = "sk-right";
/** Matches leaks in an answer: stacks, memory addresses, paths of this machine. */
export const INSIDE =
  /\n\s+at |node_modules|0x[0-9a-f]{6,}|\/(home|tmp|usr|root|etc|proc)\/|\.[tj]s:\d/;

/** One real engine behind two servers, one of which requires a key. */
export interface Target {
  readonly locked: Listening;
  readonly open: Listening;
  /** Sends the next client's request, and fails if it is not answered as usual. */
  expectHealthy(): Promise<void>;
  close(): Promise<void>;
}

export async function setUpTarget(): Promise<Target> {
  const engine = await openTiny({ maxSequences: 4 });
  const media = new MediaFetcher("public");
  const shared = { upstream: engine, media, log: silentLog, host: "127.0.0.1", port: 0 };
  const locked = await listen({ ...shared, apiKey: KEY });
  const open = await listen(shared);
  return {
    locked,
    open,
    async expectHealthy() {
      const { status, body } = await post(locked, ask("Hello"));
      expect(status).toBe(200);
      expect(body.usage).toMatchObject({ completion_tokens: 2 });
    },
    async close() {
      await Promise.all([locked.close(0), open.close(0)]);
      await media.close();
      await engine.close();
    },
  };
}

/** A request that is answered with two tokens. */
export function ask(content: string | readonly object[], changes: object = {}): object {
  const messages = [{ role: "user", content }];
  return { model: MODEL, messages, max_tokens: 2, ignore_eos: true, ...changes };
}

interface Answer {
  readonly status: number;
  readonly body: { readonly error?: Record<string, unknown>; readonly usage?: object };
}

/** Posts with the key, and checks the cost of every answer and the format of errors. */
export async function post(
  { url }: Listening,
  body: object | string | Uint8Array<ArrayBuffer>,
  headers: object = {},
): Promise<Answer> {
  const begun = process.cpuUsage();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${KEY}`, ...headers },
    body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const { user, system } = process.cpuUsage(begun);
  expect((user + system) / 1000).toBeLessThan(MAX_ROW_CPU_MS);
  const answer = { status: response.status, body: JSON.parse(text) as Answer["body"] };
  if (answer.status !== 200) checkError(answer, text);
  return answer;
}

function checkError({ status, body }: Answer, text: string): void {
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(Object.keys(body)).toEqual(["error"]);
  expect(body.error).toMatchObject({
    message: expect.stringMatching(/./),
    type: expect.stringMatching(/_error$/),
    code: expect.stringMatching(/^[a-z_]+$/),
    request_id: expect.stringMatching(/^req_/),
  });
  expect(body.error).toHaveProperty("param");
  expect(String(body.error?.message)).not.toMatch(INSIDE);
  expect(text.length).toBeLessThan(2000);
}
