import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import type { ChatMessage, ChatRequest } from "../../src/core/chat.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { ask, requestOf, usingTiny } from "./asking.ts";

const STORY = "How the river came to run uphill, and what the miller said. ".repeat(12);
const SYSTEM: ChatMessage = { role: "system", content: `Answer like a miller. ${STORY}` };
let pictures: Uint8Array[];

beforeAll(async () => {
  pictures = await Promise.all(
    ["red", "blue"].map((background) =>
      sharp({ create: { width: 180, height: 90, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  );
});

const conversation = (...texts: string[]): ChatRequest => {
  const [first, ...later] = texts;
  const content = [
    ...pictures.map((bytes) => ({ type: "image" as const, bytes })),
    { type: "text" as const, text: first! },
  ];
  const turns = later.map((text, index): ChatMessage => {
    return { role: index % 2 === 0 ? "assistant" : "user", content: text };
  });
  return requestOf("", { messages: [SYSTEM, { role: "user", content }, ...turns] });
};

/** The request on an engine that remembers nothing. */
const cold = (request: ChatRequest) =>
  usingTiny({ maxPrefixes: 0 }, (engine) => ask(engine, request));

/** Asks and expects the answer of a cold engine, to the last bit of each probability. */
async function expectSame(engine: Engine, request: ChatRequest): Promise<number> {
  const warm = await ask(engine, request);
  const { tokens } = await cold(request);
  expect(warm.tokens).toEqual(tokens);
  return warm.usage.cachedTokens;
}

describe("a prompt with the prefix of an earlier one", () => {
  test("is not computed again, and answered the same", async () => {
    await usingTiny({}, async (engine) => {
      const request = requestOf(STORY);
      expect(await expectSame(engine, request)).toBe(0);
      const cached = await expectSame(engine, request);
      expect(cached).toBeGreaterThan(128);
      expect(cached % 64).toBe(0);
    });
  });

  test("a follow-up question reuses pictures and earlier turns", async () => {
    await usingTiny({}, async (engine) => {
      expect(await expectSame(engine, conversation("What is this?"))).toBe(0);
      const followed = conversation("What is this?", "Two squares", STORY);
      const cached = await expectSame(engine, followed);
      expect(cached).toBeGreaterThan(256);
      const longer = conversation("What is this?", "Two squares", STORY, "Yes", "And now?");
      expect(await expectSame(engine, longer)).toBeGreaterThan(cached);
    });
  });

  test("another question under the same system prompt", async () => {
    await usingTiny({}, async (engine) => {
      const asked = (text: string) =>
        requestOf("", { messages: [SYSTEM, { role: "user", content: text }] });
      await ask(engine, asked("One?"));
      expect(await expectSame(engine, asked("Something else entirely?"))).toBeGreaterThan(128);
    });
  });

  test("other pictures are other prompts", async () => {
    await usingTiny({}, async (engine) => {
      await ask(engine, conversation("What is this?"));
      pictures.reverse();
      const system = await expectSame(engine, conversation("What is this?"));
      pictures.reverse();
      const same = await expectSame(engine, conversation("What is this?"));
      expect(system).toBeGreaterThan(0);
      expect(same).toBeGreaterThan(system);
    });
  });

  test("another tenant finds nothing", async () => {
    await usingTiny({}, async (engine) => {
      const of = (tenant: string) => ask(engine, requestOf(STORY, { tenant }));
      await of("a");
      expect((await of("b")).usage.cachedTokens).toBe(0);
      expect((await of("a")).usage.cachedTokens).toBeGreaterThan(0);
      expect((await of("b")).usage.cachedTokens).toBeGreaterThan(0);
    });
  });

  test("a raw prompt", async () => {
    await usingTiny({}, async (engine) => {
      const raw = requestOf("", { messages: [], prompt: STORY });
      expect(await expectSame(engine, raw)).toBe(0);
      expect(await expectSame(engine, raw)).toBeGreaterThan(128);
    });
  });
});

describe("a small cache", () => {
  test("forgets the oldest and never answers wrongly", async () => {
    await usingTiny({ maxPrefixes: 2, maxSequences: 2, threads: 1 }, async (engine) => {
      const requests = ["a", "b", "c", "d"].map((text) => requestOf(`${text} ${STORY}`));
      const expected = await Promise.all(requests.map(cold));
      for (let round = 0; round < 3; round++) {
        const order = round % 2 === 0 ? requests : requests.toReversed();
        const answers = await Promise.all(order.map((request) => ask(engine, request)));
        const wanted = round % 2 === 0 ? expected : expected.toReversed();
        expect(answers.map(({ ids }) => ids)).toEqual(wanted.map(({ ids }) => ids));
      }
      expect(engine.stats.prefixes.entries).toBe(2);
    });
  });

  test("gives its pages to running sequences", async () => {
    const options = { contextTokens: 512, maxSequences: 1, maxPrefixes: 4 };
    await usingTiny(options, async (engine) => {
      const requests = ["a", "b", "c"].map((text) => requestOf(`${text} ${STORY}`));
      for (const request of [...requests, ...requests]) {
        expect((await ask(engine, request)).ids).toEqual((await cold(request)).ids);
      }
      expect(engine.stats.running).toBe(0);
      expect(engine.stats.slotsFree).toBe(1);
    });
  });
});
