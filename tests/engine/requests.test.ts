import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GREEDY } from "../../src/core/chat.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { openTextFiles } from "../../src/inputs/text-files.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { ask, lettersOnly, openTiny, requestOf, settled, TINY, usingTiny } from "./asking.ts";

const EOS = 12;
const alwaysEos = { ...GREEDY, logitBias: [[EOS, 100]] as const };

let engine: Engine;
beforeAll(async () => {
  engine = await openTiny({ maxSequences: 4, threads: 1 });
});
afterAll(() => engine.close());

function idOf(text: string): Promise<number> {
  return openTextFiles(TINY).then(({ tokenizer }) => {
    const ids = tokenizer.encodeText(text, 10);
    expect(ids).toHaveLength(1);
    return ids[0]!;
  });
}

test("a request of messages alone is greedy, without stop strings and reasoning", async () => {
  const messages = [{ role: "user" as const, content: "Hello" }];
  const shared = { messages, maxTokens: 8, topLogprobs: 0 };
  const short = await ask(engine, shared);
  const full = { sampling: GREEDY, stop: [], reasoning: { enabled: false } };
  expect(short.ids).toEqual((await ask(engine, { ...shared, ...full })).ids);
  const biased = { logitBias: [[EOS, 100]] as const };
  const { end } = await ask(engine, { ...shared, sampling: biased });
  expect(end.nativeReason).toBe("eos");
});

describe("the end of an answer", () => {
  test("at maxTokens", async () => {
    for (const maxTokens of [1, 2, 33]) {
      const { ids, end } = await ask(engine, requestOf("Hello", { maxTokens }));
      expect(ids).toHaveLength(maxTokens);
      expect(end).toMatchObject({ reason: "length", nativeReason: "length" });
      expect(end.usage.completionTokens).toBe(maxTokens);
    }
  });

  test("at an end token, which is not in the text, unless they are ignored", async () => {
    const request = requestOf("Hello", { sampling: alwaysEos, ignoreEos: false });
    const { ids, text, end } = await ask(engine, request);
    expect([ids, text]).toEqual([[], ""]);
    expect(end).toMatchObject({ reason: "stop", nativeReason: "eos" });
    expect(end.usage.completionTokens).toBe(1);
    const ignored = await ask(engine, { ...request, ignoreEos: true });
    expect(ignored.end.usage.completionTokens).toBe(24);
    expect(ignored.end.nativeReason).toBe("length");
  });

  test("not before minTokens", async () => {
    const changes = { sampling: alwaysEos, ignoreEos: false, minTokens: 5 };
    const { ids, end } = await ask(engine, requestOf("Hello", changes));
    expect(ids).toHaveLength(5);
    expect(ids).not.toContain(EOS);
    expect(end).toMatchObject({ nativeReason: "eos", usage: { completionTokens: 6 } });
  });

  test("before a stop string", async () => {
    const sampling = { ...GREEDY, logitBias: await lettersOnly() };
    const { text } = await ask(engine, requestOf("Hello", { sampling }));
    expect(text).toMatch(/^[a-z]{24}$/);
    const stop = text.slice(9, 12);
    const changes = { sampling, stop: ["never said", stop] };
    const stopped = await ask(engine, requestOf("Hello", changes));
    expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)));
    expect(stopped.end).toMatchObject({ reason: "stop", nativeReason: "stop_string" });
  });
});

test("log probabilities are those of a distribution, best first", async () => {
  const greedy = await ask(engine, requestOf("Hello", { topLogprobs: 20 }));
  const drawn = { ...GREEDY, temperature: 2, seed: 3n };
  const random = await ask(engine, requestOf("Hello", { topLogprobs: 20, sampling: drawn }));
  for (const { id, logprob, top, bytes, text } of [...greedy.tokens, ...random.tokens]) {
    expect(top).toHaveLength(20);
    expect(logprob).toBeLessThanOrEqual(top[0]!.logprob);
    const sum = top.reduce((total, one) => total + Math.exp(one.logprob), 0);
    expect(sum).toBeGreaterThan(20 / 544);
    expect(sum).toBeLessThanOrEqual(1.00001);
    expect(top.map((one) => one.logprob)).toEqual(
      top.map((one) => one.logprob).sort((a, b) => b - a),
    );
    expect(new Set(top.map((one) => one.id)).size).toBe(20);
    const same = top.find((one) => one.id === id);
    if (same) expect(same.logprob).toBe(logprob);
    expect(new TextDecoder().decode(bytes)).toBe(text);
  }
  for (const { id, top } of greedy.tokens) expect(top[0]!.id).toBe(id);
});

test("tokens without text have log probabilities too", async () => {
  const control = { ...GREEDY, logitBias: [[10, 100]] as const };
  const { ids, text } = await ask(engine, requestOf("Hello", { sampling: control }));
  expect(ids).toEqual(new Array(24).fill(10));
  expect(text).toBe("");
});

describe("a thinking budget", () => {
  const thinking = (id: number, budgetTokens: number, maxTokens: number) =>
    requestOf("Hello", {
      sampling: { ...GREEDY, logitBias: [[id, 100]] },
      reasoning: { enabled: true, budgetTokens },
      maxTokens,
    });

  test("ends the reasoning at the next line", async () => {
    const answer = await ask(engine, thinking(await idOf("\n"), 8, 40));
    expect(answer.reasoning).toBe("\n".repeat(8));
    expect(answer.text).toBe(""); // line ends after </think> are left out
    expect(answer.usage.completionTokens).toBe(40);
    expect(answer.usage.reasoningTokens).toBeGreaterThanOrEqual(8);
  });

  test("waits 500 tokens for a line to end and no longer", async () => {
    const answer = await ask(engine, thinking(await idOf("a"), 8, 560));
    expect(answer.reasoning).toBe(`${"a".repeat(508)}.\n`);
    expect(answer.text).toMatch(/^a{20,52}$/);
    expect(answer.usage.completionTokens).toBe(560);
  });

  test("without it all is reasoning", async () => {
    const request = requestOf("Hello", { reasoning: { enabled: true } });
    const { text, reasoning, usage } = await ask(engine, request);
    expect(text).toBe("");
    expect(reasoning).not.toBe("");
    expect(usage.reasoningTokens).toBe(24);
  });
});

describe("requests that do not fit", () => {
  test("a prompt or an answer longer than the context is refused with the numbers", () =>
    usingTiny({ contextTokens: 128 }, async (small) => {
      const { usage } = await ask(small, requestOf("Hello", { maxTokens: 1 }));
      const room = 128 - usage.promptTokens;
      const most = await ask(small, requestOf("Hello", { maxTokens: room }));
      expect(most.ids).toHaveLength(room);
      await expect(ask(small, requestOf("Hello", { maxTokens: room + 1 }))).rejects.toMatchObject({
        code: "context_length_exceeded",
        param: "messages",
        metadata: { prompt_tokens: usage.promptTokens, image_tokens: 0, context_tokens: 128 },
      });
      await expect(ask(small, requestOf("long ".repeat(500)))).rejects.toMatchObject({
        code: "context_length_exceeded",
        message: expect.stringContaining("more than 128 tokens"),
      });
      const { maxTokens: _, ...open } = requestOf("Hello");
      expect((await ask(small, open)).ids).toHaveLength(room);
    }));

  test("a bias for a token that does not exist is refused", async () => {
    const sampling = { ...GREEDY, logitBias: [[544, 1]] as const };
    await expect(ask(engine, requestOf("Hello", { sampling }))).rejects.toMatchObject({
      code: "out_of_range",
      param: "logit_bias.544",
    });
  });

  test("one more than a tenant's share is refused; another tenant is not", () =>
    usingTiny({ maxSequences: 1, threads: 1 }, async (small) => {
      const begun = [];
      const share = LIMITS.queue.requests / 2;
      for (let i = 0; i < 1 + share; i++) {
        const events = small.chat(requestOf("Hello", { maxTokens: 4000 }));
        await events.next();
        begun.push(events);
        if (i === 0) await events.next(); // it runs: the rest have to wait
      }
      expect(small.stats).toMatchObject({ running: 1, waiting: share });
      await expect(ask(small, requestOf("Hello"))).rejects.toMatchObject({
        code: "queue_full",
        retryAfterMs: (share + 1) * 1000, // a second each, as long as none ended
        metadata: { waiting: share },
      });
      const other = small.chat(requestOf("Hello", { maxTokens: 4000, tenant: "other" }));
      await other.next();
      begun.push(other);
      await Promise.all(begun.map((events) => events.return(undefined)));
      await settled(small, 2);
      expect((await ask(small, requestOf("Hello"))).ids).toHaveLength(24);
    }));
});

describe("clients that leave", () => {
  test("an aborted request ends with the signal's reason within a step", async () => {
    const expected = await ask(engine, requestOf("Others", { maxTokens: 60 }));
    const abort = new AbortController();
    const long = requestOf("Hello", { maxTokens: 3000 });
    const other = ask(engine, requestOf("Others", { maxTokens: 60 }));
    const reason = new Error("gone");
    let seen = 0;
    const aborted = (async () => {
      for await (const event of engine.chat(long, abort.signal)) {
        if (event.type === "text" && ++seen === 5) abort.abort(reason);
      }
    })();
    await expect(aborted).rejects.toBe(reason);
    expect(engine.stats.running).toBeLessThanOrEqual(1);
    expect((await other).ids).toEqual(expected.ids);
    await settled(engine);
    expect(engine.stats).toMatchObject({ slotsFree: 4, pagesFree: engine.info.pages });
  });

  test("a signal that is aborted already starts nothing", async () => {
    const { steps } = engine.stats;
    await expect(ask(engine, requestOf("Hello"), AbortSignal.abort())).rejects.toThrow("abort");
    expect(engine.stats).toMatchObject({ steps, running: 0, waiting: 0 });
  });

  test("a consumer that stops reading frees its slot", async () => {
    for await (const event of engine.chat(requestOf("Hello", { maxTokens: 3000 }))) {
      if (event.type === "text") break;
    }
    await settled(engine);
    expect(engine.stats).toMatchObject({ slotsFree: 4, pagesFree: engine.info.pages });
  });
});

describe("closing", () => {
  test("ends running and waiting requests with engine_closed", async () => {
    const closing = await openTiny({ maxSequences: 1, threads: 1 });
    const requests = [1, 2, 3].map(() => ask(closing, requestOf("Hello", { maxTokens: 3000 })));
    const results = Promise.allSettled(requests);
    while (closing.stats.steps < 5) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([closing.close(), closing.close()]);
    for (const result of await results) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: "engine_closed" } });
    }
    expect(closing.ready).toBe(false);
    await expect(ask(closing, requestOf("Hello"))).rejects.toMatchObject({ code: "engine_closed" });
  });

  test("while a picture is being opened", async () => {
    const create = { width: 900, height: 700, channels: 3 as const, background: "red" };
    const image = { type: "image" as const, bytes: await sharp({ create }).png().toBuffer() };
    for (const waitMs of [0, 2, 4, 6, 8, 10, 12, 14]) {
      const closing = await openTiny({ threads: 1 });
      const changes = { messages: [{ role: "user" as const, content: [image] }], maxTokens: 3000 };
      const answer = ask(closing, requestOf("", changes));
      const ended = expect(answer).rejects.toMatchObject({ code: "engine_closed" });
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      await closing.close();
      await ended;
    }
  });
});

// Without threads all of an answer is microtasks, so every moment of it can be tried.
test("a request that arrives at any moment of another one's end is answered", () =>
  usingTiny({ backend: "null" }, async (idle) => {
    const request = requestOf("Hello", { maxTokens: 2 });
    for (let hops = 0; hops < 400; hops++) {
      const first = ask(idle, request);
      for (let hop = 0; hop < hops; hop++) await undefined;
      const late = new Promise((_, reject) => setTimeout(reject, 2000, new Error(`${hops} hops`)));
      const both = Promise.all([first, ask(idle, request)]);
      both.catch(() => {});
      late.catch(() => {});
      await Promise.race([both, late]);
    }
  }));

test("an unread answer is stopped, and its slot is freed", async () => {
  await usingTiny({ contextTokens: 16_384 }, async (engine) => {
    const events = engine.chat(requestOf("Hello", { maxTokens: 16_000 }));
    await events.next();
    await events.next();
    await expect.poll(() => engine.stats.running, { timeout: 60_000, interval: 50 }).toBe(0);
    const rest = (async () => {
      for await (const _ of events);
    })();
    await expect(rest).rejects.toMatchObject({ code: "client_too_slow" });
  });
}, 90_000);

test("a GIF with a wrong size in its header is read in its real size", async () => {
  const file = await sharp({ create: { width: 100, height: 50, channels: 3, background: "red" } })
    .gif()
    .toBuffer();
  for (const [width, height] of [
    [640, 480],
    [16, 16],
  ] as const) {
    const lying = Buffer.from(file);
    lying.writeUInt16LE(width, 6);
    lying.writeUInt16LE(height, 8);
    const content = (type: "image" | "document") => [
      { type, bytes: lying },
      { type: "text" as const, text: "What is this?" },
    ];
    const about = (type: "image" | "document") =>
      ask(engine, requestOf("", { messages: [{ role: "user", content: content(type) }] }));
    const [image, page, again] = [
      await about("image"),
      await about("document"),
      await about("document"),
    ];
    expect(page.end.usage.imageTokens).toBe(image.end.usage.imageTokens);
    expect([page.ids, again.ids]).toEqual([image.ids, image.ids]);
  }
});
