import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { type ChatRequest, GREEDY } from "../../src/core/chat.ts";
import { readModelConfig } from "../../src/model/config.ts";
import { pageBytes, slotBytes } from "../../src/model/state.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import type { EngineOptions } from "../../src/runtime/engine-options.ts";
import { openCheckpointFiles } from "../../src/weights/safetensors.ts";
import { ask, requestOf, TINY, usingTiny } from "./asking.ts";

/** 130 tokens and more: several chunks of the scan and more than one page. */
const LONG = "How the river came to run uphill, and what the miller said. ".repeat(4);
const DRAWN = { ...GREEDY, temperature: 1.1, topP: 0.95, seed: 42n };

async function picture(width: number, height: number, shade: number): Promise<Uint8Array> {
  const data = Buffer.alloc(width * height * 3, shade);
  for (let i = 0; i < data.length; i += 7) data[i] = (i * shade) % 256;
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

let cases: Record<string, ChatRequest>;
let others: ChatRequest[];
const expected = new Map<string, readonly number[]>();

beforeAll(async () => {
  const [wide, small] = await Promise.all([picture(200, 90, 90), picture(64, 64, 30)]);
  const withImages = [
    { type: "text" as const, text: "Compare" },
    { type: "image" as const, bytes: wide },
    { type: "image" as const, bytes: small },
    { type: "text" as const, text: LONG },
  ];
  cases = {
    greedy: requestOf(LONG),
    drawn: requestOf(LONG, { sampling: DRAWN }),
    penalised: requestOf(LONG, { sampling: { ...DRAWN, repetitionPenalty: 1.2 } }),
    "with images, greedy": requestOf("", { messages: [{ role: "user", content: withImages }] }),
    "with images, drawn": requestOf("", {
      messages: [{ role: "user", content: withImages }],
      sampling: DRAWN,
    }),
  };
  others = ["One", "Two times two?", LONG.slice(0, 77), LONG + LONG, "Why?"].map((text, i) =>
    requestOf(text, { sampling: { ...DRAWN, seed: BigInt(i) }, maxTokens: 10 + 7 * i }),
  );
  await usingTiny({ threads: 1 }, async (engine) => {
    for (const [name, request] of Object.entries(cases)) {
      expected.set(name, (await ask(engine, request)).ids);
    }
  });
});

async function expectSame(engine: Engine): Promise<void> {
  for (const [name, request] of Object.entries(cases)) {
    const alone = await ask(engine, request);
    expect(alone.ids, `${name}, alone`).toEqual(expected.get(name));
    const rest = others.map((other) => ask(engine, other));
    const among = await ask(engine, request);
    await Promise.all(rest);
    expect(among.ids, `${name}, among others`).toEqual(expected.get(name));
  }
  const all = await Promise.all(Object.values(cases).map((request) => ask(engine, request)));
  expect(all.map(({ ids }) => ids)).toEqual([...expected.values()]);
}

describe("the same tokens beside any other work", () => {
  test("answers are long enough to tell and differ from each other", () => {
    for (const ids of expected.values()) expect(ids).toHaveLength(24);
    expect(new Set([...expected.values()].map(String)).size).toBe(expected.size);
  });

  const ways = [256, 1, 7, 31, 33, 64].flatMap((maxRows) =>
    (maxRows % 33 === 0 || maxRows === 256 ? [1, 2] : [1]).map((threads) => ({ maxRows, threads })),
  );
  test.each(ways)("$maxRows rows a step, $threads threads", (options: EngineOptions) =>
    usingTiny(options, expectSame));

  test("when there are fewer slots than requests", () =>
    usingTiny({ maxSequences: 2, maxRows: 33, threads: 2 }, expectSame));

  test("when pages run out and the youngest has to start again", async () => {
    const { weightBytes } = await usingTiny({}, async ({ info }) => info);
    const config = await readModelConfig(await openCheckpointFiles(TINY));
    const pages = 8;
    const room = Math.max(
      6 * slotBytes(config),
      3 * slotBytes(config) + pages * pageBytes(config, "f32"),
    );
    const events: string[] = [];
    const options: EngineOptions = {
      memoryBytes: weightBytes + room,
      contextTokens: 1024,
      maxSequences: 3,
      kvDtype: "f32",
      log: (_, event) => events.push(event),
    };
    const long = LONG.repeat(2);
    const requests = [1n, 2n, 3n, 4n].map((seed) =>
      requestOf(long, { sampling: { ...DRAWN, seed }, maxTokens: 120 }),
    );
    const wanted = await usingTiny({ kvDtype: "f32" }, async (engine) => {
      const answers = [];
      for (const request of requests) answers.push((await ask(engine, request)).ids);
      return answers;
    });
    await usingTiny(options, async (engine) => {
      expect(engine.info.slots).toBe(3);
      const answers = await Promise.all(requests.map((request) => ask(engine, request)));
      expect(answers.map(({ ids }) => ids)).toEqual(wanted);
      expect(engine.stats).toMatchObject({ slotsFree: 3, pagesFree: engine.info.pages });
    });
    expect(events).toContain("preempted");
    expect(events).not.toContain("step_failed");
  });
});

test("the reference backend answers too, with the same beginning", async () => {
  const request = requestOf("Hi", { maxTokens: 3, topLogprobs: 3 });
  const [slow, fast] = [
    await usingTiny({ backend: "reference" }, (engine) => ask(engine, request)),
    await usingTiny({}, (engine) => ask(engine, request)),
  ];
  expect(slow.ids).toEqual(fast.ids);
  slow.tokens.forEach(({ logprob }, i) => {
    expect(logprob).toBeCloseTo(fast.tokens[i]!.logprob, 1);
  });
});
