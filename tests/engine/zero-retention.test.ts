import sharp from "sharp";
import { expect, test } from "vitest";
import { ask, requestOf, usingTiny } from "./asking.ts";

const STORY = "How the river came to run uphill, and what the miller said. ".repeat(12);

test("a request for zero data retention finds no state of others and leaves none", async () => {
  const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  const request = requestOf("", {
    messages: [
      { role: "system", content: STORY },
      {
        role: "user",
        content: [
          { type: "image", bytes },
          { type: "text", text: STORY },
        ],
      },
    ],
  });
  await usingTiny({}, async (engine) => {
    const strict = { ...request, zeroDataRetention: true };
    const alone = await ask(engine, strict);
    const tiles = engine.stats.tilesEncoded;
    expect(engine.stats.prefixes.entries).toBe(0);
    const again = await ask(engine, strict);
    expect([alone.usage.cachedTokens, again.usage.cachedTokens]).toEqual([0, 0]);
    expect(engine.stats.tilesEncoded).toBe(2 * tiles);
    expect(again.tokens).toEqual(alone.tokens);
    const kept = await ask(engine, request);
    expect([kept.tokens, kept.usage.cachedTokens]).toEqual([alone.tokens, 0]);
    expect(engine.stats.prefixes.entries).toBeGreaterThan(0);
  });
});
