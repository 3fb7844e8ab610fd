import { type Batch, SPAN } from "../../backend.ts";

/** One sequence's rows of a batch, by name. */
export interface Span {
  readonly row: number;
  readonly rows: number;
  readonly position: number;
  readonly slot: number;
  readonly pageBegin: number;
}

export function spansOf(batch: Batch): Span[] {
  const spans: Span[] = [];
  for (let at = 0; at < batch.spans.length; at += SPAN.words) {
    spans.push({
      row: batch.spans[at + SPAN.row]!,
      rows: batch.spans[at + SPAN.rows]!,
      position: batch.spans[at + SPAN.position]!,
      slot: batch.spans[at + SPAN.slot]!,
      pageBegin: batch.spans[at + SPAN.pageBegin]!,
    });
  }
  return spans;
}
