import { createHash, createHmac, randomBytes } from "node:crypto";
import { PAGE_ROWS } from "../backends/backend.ts";
import type { MediaEmbedding } from "../inputs/media/media-embedding.ts";
import type { Prompt } from "../inputs/prompt.ts";

/** Snapshots of one prompt at most: each is as large as a sequence's Mamba state. */
const MAX_POINTS = 4;

/**
 * Where another prompt is likely to part from this one: the page boundaries before the ends of its
 * turns and media, ascending. The first (the end of the system prompt) and the last few.
 */
export function reusePoints({ ids, boundaries }: Pick<Prompt, "ids" | "boundaries">): number[] {
  const wanted = boundaries.length > 0 ? boundaries : [ids.length - 1];
  const floors = wanted.map((tokens) => tokens - (tokens % PAGE_ROWS));
  const points = [...new Set(floors)]
    .filter((tokens) => tokens > 0 && tokens < ids.length)
    .sort((a, b) => a - b);
  if (points.length <= MAX_POINTS) return points;
  return [points[0]!, ...points.slice(1 - MAX_POINTS)];
}

/**
 * Names prefixes of prompts: equal names, equal state.
 *
 * The names of a prompt are a chain, one for each whole page of it but the last token's: SHA-256
 * over the name before, the page's ids, and the content of the visuals that its placeholders stand
 * for. A pruned video's ids are those before its rows are shared out, which follows from its
 * content. The chain begins with a MAC of the tenant under a secret of this process, so no tenant
 * can meet another's prefix, nor make up a collision.
 */
export class PrefixKeys {
  private readonly secret = randomBytes(32);

  /** Key i covers the first (i + 1) · PAGE_ROWS tokens. */
  of(tenant: string, prompt: Prompt, visuals: readonly MediaEmbedding[]): string[] {
    const ids = Int32Array.from(prompt.ids);
    const keys: string[] = [];
    let before = createHmac("sha256", this.secret).update(tenant).digest();
    for (let from = 0; from + PAGE_ROWS < ids.length; from += PAGE_ROWS) {
      const hash = createHash("sha256").update(before);
      hash.update(new Uint8Array(ids.buffer, from * 4, PAGE_ROWS * 4));
      for (const { start, length, visual, row } of prompt.spans) {
        if (start >= from + PAGE_ROWS || start + length <= from) continue;
        hash.update(`rows ${start - from} ${row} ${visuals[visual]?.key} `);
      }
      before = hash.digest();
      keys.push(before.toString("base64"));
    }
    return keys;
  }
}
