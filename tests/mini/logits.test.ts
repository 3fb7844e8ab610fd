import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { type ChosenToken, GREEDY } from "../../src/core/chat.ts";
import { type Engine, open } from "../../src/runtime/engine.ts";

// likeliest.json holds what PyTorch computes in float32 for items.jsonl, with the five likeliest
// tokens at each place; training/vireo_training/answers.py writes it (see README.md here).

const HERE = new URL("./", import.meta.url);
const MODEL = new URL("../../models/mini", import.meta.url).pathname;
/** Largest change of a log probability by bf16 activations on these items. */
const CLOSE = 0.12;
/** Two tokens closer than this may swap; later tokens then cannot be compared. */
const MARGIN = 0.25;

interface Item {
  readonly id: string;
  readonly images: readonly string[];
  readonly question: string;
}

interface Wanted {
  readonly id: string;
  readonly ids: readonly number[];
  readonly likeliest: readonly (readonly (readonly [number, number])[])[];
}

const items = (await readFile(new URL("items.jsonl", HERE), "utf8"))
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Item);
const wanted = JSON.parse(await readFile(new URL("likeliest.json", HERE), "utf8")) as Wanted[];

test.each(items)("$id: PyTorch's tokens, and its probabilities", {
  timeout: 60_000,
}, async (item) => {
  const torch = wanted.find(({ id }) => id === item.id);
  if (torch === undefined) throw new Error(`likeliest.json has no ${item.id}`);
  const engine = await open(MODEL, { cacheDir: false });
  try {
    const made = await generate(engine, item, torch.ids.length);
    const compared = made.findIndex((token, i) => token.id !== torch.ids[i]);
    if (compared >= 0) expect(margin(torch.likeliest[compared])).toBeLessThan(MARGIN);
    const alike = compared < 0 ? made : made.slice(0, compared);
    expect(alike.length).toBeGreaterThan(0);
    alike.forEach((token, i) => {
      const own = new Map(token.top.map(({ id, logprob }) => [id, logprob]));
      for (const [id, logprob] of torch.likeliest[i]?.slice(0, 3) ?? []) {
        const off = Math.abs((own.get(id) ?? Number.NaN) - logprob);
        // Unlikely tokens move more, and matter less.
        expect(off * Math.exp(logprob), `token ${i}, ${id}`).toBeLessThan(CLOSE);
      }
    });
  } finally {
    await engine.close();
  }
});

/** How far the likeliest token is ahead of the second. */
function margin(likeliest: Wanted["likeliest"][number] = []): number {
  return (likeliest[0]?.[1] ?? Number.NaN) - (likeliest[1]?.[1] ?? Number.NaN);
}

async function generate(engine: Engine, item: Item, maxTokens: number): Promise<ChosenToken[]> {
  const images = await Promise.all(
    item.images.map(async (name) => {
      return { type: "image" as const, bytes: await readFile(new URL(name, HERE)) };
    }),
  );
  const content = [...images, { type: "text" as const, text: item.question }];
  const made: ChosenToken[] = [];
  const request = { sampling: GREEDY, maxTokens, stop: [], reasoning: {}, topLogprobs: 8 };
  for await (const event of engine.chat({ messages: [{ role: "user", content }], ...request })) {
    if (event.type === "text") made.push(...(event.tokens ?? []));
  }
  return made;
}
