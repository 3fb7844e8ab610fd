import type { FaultyAnswer } from "./faulty-answer.ts";

/** A way in which a provider goes wrong. */
export interface Fault {
  readonly description: string;
  /** The answer is complete all the same. */
  readonly isHarmless?: true;
  /** Answers one request. It may leave the connection open; the client or the server closes it. */
  readonly answer: (answer: FaultyAnswer) => void | Promise<void>;
}

const MIB = 1024 * 1024;
const RETRY_AFTER_SECONDS = "1";
const ENDLESS_MS = 5;
const DONE = "data: [DONE]\n\n";

/** Sends a whole answer, as a stream or in one piece. */
function answerWell(answer: FaultyAnswer): void {
  if (!answer.request.isStreamed) {
    answer.json(200, answer.whole());
    return;
  }
  answer.head();
  for (const part of [answer.role, ...answer.parts, answer.finish, answer.usage]) {
    answer.write(answer.event(part));
  }
  answer.end(DONE);
}

/** Sends headers and the first parts of an answer; of one in a single piece, its beginning. */
async function begin(answer: FaultyAnswer): Promise<void> {
  answer.head();
  if (answer.request.isStreamed) {
    for (const part of answer.firstParts) answer.write(answer.event(part));
  } else {
    answer.write(JSON.stringify(answer.whole()).slice(0, -20));
  }
  await answer.flush();
}

/** Sends every part of a stream, and then what `last` gives in place of its end. */
function streamWith(answer: FaultyAnswer, last: readonly string[]): void {
  answer.head();
  for (const part of answer.parts) answer.write(answer.event(part));
  answer.end(last.join(""));
}

const ERROR = { error: { message: "the model crashed", type: "server_error", code: 503 } };

/** Every fault by its name. */
export const FAULTS = Object.freeze({
  none: { description: "a good answer", isHarmless: true, answer: answerWell },
  refused: {
    description: "the connection is closed without an answer",
    answer: (answer) => answer.breakOff(),
  },
  "slow-headers": {
    description: "the connection is open, and nothing comes",
    answer: () => {},
  },
  "rate-limit-retry-after": {
    description: "status 429 with retry-after",
    answer: (answer) => {
      const error = { message: "too many requests", type: "rate_limit_error" };
      answer.json(429, { error }, { "retry-after": RETRY_AFTER_SECONDS });
    },
  },
  "rate-limit": {
    description: "status 429 without retry-after",
    answer: (answer) => answer.json(429, { error: { message: "too many requests" } }),
  },
  "server-error": {
    description: "status 500",
    answer: (answer) => answer.json(500, { error: { message: "internal error" } }),
  },
  html: {
    description: "an HTML page with status 200",
    answer: (answer) => {
      answer.head(200, { "content-type": "text/html" });
      answer.end("<!doctype html><title>Welcome to the proxy</title>");
    },
  },
  "error-event": {
    description: "an error in the first event, with status 200",
    answer: (answer) => {
      if (!answer.request.isStreamed) return answer.json(200, ERROR);
      answer.head();
      answer.end(answer.event(ERROR));
    },
  },
  cut: {
    description: "the connection breaks after a few tokens",
    answer: async (answer) => {
      await begin(answer);
      answer.breakOff();
    },
  },
  stall: { description: "silence after a few tokens", answer: begin },
  "malformed-event": {
    description: "one event is no JSON",
    answer: async (answer) => {
      if (!answer.request.isStreamed) {
        answer.head();
        return answer.end(JSON.stringify(answer.whole()).slice(0, -1));
      }
      await begin(answer);
      answer.write('data: {"choices":[{"delta":{"con\n\n');
      for (const part of answer.parts.slice(answer.request.afterTokens)) {
        answer.write(answer.event(part));
      }
      answer.end(answer.event(answer.finish) + DONE);
    },
  },
  "no-finish": {
    description: "[DONE] without a finish reason",
    answer: (answer) => {
      if (!answer.request.isStreamed)
        return answer.json(200, answer.whole({ finish_reason: null }));
      streamWith(answer, [DONE]);
    },
  },
  "no-usage": {
    description: "a good answer without token counts",
    isHarmless: true,
    answer: (answer) => {
      if (!answer.request.isStreamed) return answer.json(200, answer.whole({ usage: undefined }));
      streamWith(answer, [answer.event(answer.finish), DONE]);
    },
  },
  "duplicate-ids": {
    description: "a good answer whose events all have one id",
    isHarmless: true,
    answer: (answer) => {
      if (!answer.request.isStreamed) return answerWell(answer);
      answer.head();
      for (const part of [...answer.parts, answer.finish, answer.usage]) {
        answer.write(`id: 1\n${answer.event(part)}`);
      }
      answer.end(DONE);
    },
  },
  "big-event": {
    description: "an event of more than 1 MiB",
    answer: (answer) => {
      answer.head();
      const { isStreamed } = answer.request;
      const filler = " ".repeat(isStreamed ? MIB : 65 * MIB);
      answer.end(isStreamed ? answer.event(answer.delta(filler)) + DONE : `"${filler}"`);
    },
  },
  "line-ends": {
    description: "a good answer with CR, LF and CRLF as line ends",
    isHarmless: true,
    answer: (answer) => {
      if (!answer.request.isStreamed) return answerWell(answer);
      answer.head();
      const ends = ["\r\n", "\r", "\n"];
      [...answer.parts, answer.finish, answer.usage].forEach((part, index) => {
        answer.write(answer.event(part, ends[index % ends.length]));
      });
      answer.end(DONE);
    },
  },
  "split-character": {
    description: "a good answer that arrives byte by byte, also within characters",
    isHarmless: true,
    answer: async (answer) => {
      answer.head();
      const { isStreamed } = answer.request;
      const parts = [answer.delta("Grüße 🎉 "), ...answer.parts, answer.finish, answer.usage];
      const stream = parts.map((part) => answer.event(part)).join("");
      const text = isStreamed ? stream : JSON.stringify(answer.whole());
      const bytes = Buffer.from(text);
      const whole = Math.max(0, bytes.indexOf(0xc3) - 2);
      answer.write(bytes.subarray(0, whole));
      for (const byte of bytes.subarray(whole, whole + 24)) {
        await answer.flush();
        answer.write(Uint8Array.of(byte));
      }
      answer.write(bytes.subarray(whole + 24));
      answer.end(isStreamed ? DONE : "");
    },
  },
  "json-answer": {
    description: "an answer in one piece where a stream was asked for",
    isHarmless: true,
    answer: (answer) => answer.json(200, answer.whole()),
  },
  "early-close": {
    description: "the answer ends properly before its first token",
    answer: (answer) => {
      answer.head();
      answer.end(answer.request.isStreamed ? answer.event(answer.role) : "");
    },
  },
  "wrong-length": {
    description: "fewer bytes than content-length says",
    answer: async (answer) => {
      answer.head(200, { "content-length": "100000" });
      if (answer.request.isStreamed)
        answer.write(answer.firstParts.map((part) => answer.event(part)).join(""));
      else answer.write(JSON.stringify(answer.whole()).slice(0, -20));
      await answer.flush();
      answer.breakOff();
    },
  },
  "late-error": {
    description: "an error event after the last token",
    answer: (answer) => {
      if (!answer.request.isStreamed) return answer.json(200, { ...answer.whole(), ...ERROR });
      streamWith(answer, [answer.event(ERROR)]);
    },
  },
  endless: {
    description: "tokens without end",
    answer: async (answer) => {
      answer.head();
      while (!answer.isOver) {
        answer.write(answer.request.isStreamed ? answer.event(answer.delta("again ")) : " ");
        await new Promise((resolve) => setTimeout(resolve, ENDLESS_MS));
      }
    },
  },
} as const satisfies Readonly<Record<string, Fault>>);

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}
