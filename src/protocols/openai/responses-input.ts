import { z } from "zod";
import { VireoError } from "../../core/errors.ts";

/** What may stand after GET /v1/responses/{id}/input_items. */
export const inputQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(["asc", "desc"]).default("desc"),
  after: z.string().max(256).optional(),
});
export type InputQuery = z.infer<typeof inputQuery>;

type Item = Readonly<Record<string, unknown>>;

/** A page of items, which are given the first first. Throws out_of_range for an unknown `after`. */
export function toInputList(items: readonly Item[], { limit, order, after }: InputQuery) {
  const ordered = order === "asc" ? items : items.toReversed();
  const before = after === undefined ? -1 : ordered.findIndex(({ id }) => id === after);
  if (after !== undefined && before === -1) {
    const message = "after is the id of no input item of this response";
    throw new VireoError("out_of_range", message, { param: "after" });
  }
  const data = ordered.slice(before + 1, before + 1 + limit);
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: before + 1 + data.length < ordered.length,
  };
}
