import { z } from "zod";
import { VireoError } from "../../core/errors.ts";
import type { StoredItem } from "./responses.ts";

/** The query of GET /v1/responses/{id}/input_items. */
export const inputQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(["asc", "desc"]).default("desc"),
  after: z.string().max(256).optional(),
});
export type InputQuery = z.infer<typeof inputQuery>;

/**
 * One page of items as JSON. The items' own JSON is copied, so that large ones cost no parsing.
 *
 * items: first item first. Throws out_of_range for an unknown `after`.
 */
export function toInputList(
  items: readonly StoredItem[],
  { limit, order, after }: InputQuery,
): Uint8Array<ArrayBuffer> {
  const ordered = order === "asc" ? items : items.toReversed();
  const afterIndex = after === undefined ? -1 : ordered.findIndex(({ id }) => id === after);
  if (after !== undefined && afterIndex === -1) {
    const message =
      "after is not the id of an input item of this response; send the last_id of a page";
    throw new VireoError("out_of_range", message, { param: "after" });
  }
  const page = ordered.slice(afterIndex + 1, afterIndex + 1 + limit);
  const about = {
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: afterIndex + 1 + page.length < ordered.length,
  };
  const data = page.flatMap(({ json }, index) => (index === 0 ? [json] : [COMMA, json]));
  const end = `],${JSON.stringify(about).slice(1)}`;
  return new Uint8Array(Buffer.concat([START, ...data, Buffer.from(end)]));
}

const START = Buffer.from('{"object":"list","data":[');
const COMMA = Buffer.from(",");
