import { createHash, createHmac, randomBytes } from "node:crypto";
import { PAGE_ROWS } from "../backends/backend.ts";
import type { MediaEmbedding } from "../inputs/media/media-embedding.ts";
import type { Prompt } from "../inputs/prompt.ts";

/** Maximum number of snapshots per prompt; each is as large as a sequence's Mamba state. */
const MAX_POINTS = 4;

/**
 * Points where another prompt is likely to diverge from this one, in tokens, ascending: the page
 * boundaries before the ends of turns and media. Keeps the first (the end of the system prompt) and
 * the last few.
 */
export function reusePoints({ ids, boundaries }: Pick<Prompt, "ids" | "boundaries">): number[] {
  const ends = boundaries.length > 0 ? boundaries : [ids.length - 1];
  const floors = ends.map((tokens) => tokens - (tokens % PAGE_ROWS));
  const points = [...new Set(floors)]
    .filter((tokens) => tokens > 0 && tokens < ids.length)
    .sort((a, b) => a - b);
  if (points.length <= MAX_POINTS) return points;
  return [points[0]!, ...points.slice(1 - MAX_POINTS)];
}

/**
 * Computes cache keys of prompt prefixes: equal keys mean equal states.
 *
 * The keys of a prompt form a chain, one for each full page before the last token. Each is SHA-256
 * over the previous key, the page's ids, and the keys of the embeddings at its placeholders. A
 * pruned video contributes its ids before its rows are distributed, since its content determines
 * the distribution. The chain begins with a MAC of the tenant under a secret of this process, so
 * that tenants neither share prefixes nor can construct collisions.
 */
export class PrefixKeys {
  private readonly secret = randomBytes(32);

  /** Key i covers the first (i + 1) · PAGE_ROWS tokens. */
  keysOf(tenant: string, prompt: Prompt, embeddings: readonly MediaEmbedding[]): string[] {
    const ids = Int32Array.from(prompt.ids);
    const keys: string[] = [];
    let previous = createHmac("sha256", this.secret).update(tenant).digest();
    for (let from = 0; from + PAGE_ROWS < ids.length; from += PAGE_ROWS) {
      const hash = createHash("sha256").update(previous);
      hash.update(new Uint8Array(ids.buffer, from * 4, PAGE_ROWS * 4));
      for (const { start, length, mediaIndex, row } of prompt.spans) {
        if (start >= from + PAGE_ROWS || start + length <= from) continue;
        hash.update(`rows ${start - from} ${row} ${embeddings[mediaIndex]?.key} `);
      }
      previous = hash.digest();
      keys.push(previous.toString("base64"));
    }
    return keys;
  }
}
