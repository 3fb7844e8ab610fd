import { z } from "zod";
import { VireoError } from "../../core/errors.ts";

/** The query of GET /v1/responses/{id}/input_items. */
export const inputQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(["asc", "desc"]).default("desc"),
  after: z.string().max(256).optional(),
});
export type InputQuery = z.infer<typeof inputQuery>;

type Item = Readonly<Record<string, unknown>>;

/** One page of items. items: first item first. Throws out_of_range for an unknown `after`. */
export function toInputList(items: readonly Item[], { limit, order, after }: InputQuery) {
  const ordered = order === "asc" ? items : items.toReversed();
  const afterIndex = after === undefined ? -1 : ordered.findIndex(({ id }) => id === after);
  if (after !== undefined && afterIndex === -1) {
    const message =
      "after is not the id of an input item of this response; send the last_id of a page";
    throw new VireoError("out_of_range", message, { param: "after" });
  }
  const data = ordered.slice(afterIndex + 1, afterIndex + 1 + limit);
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: afterIndex + 1 + data.length < ordered.length,
  };
}
