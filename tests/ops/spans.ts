import type { Backend, Batch, Step, Tensor } from "../../src/backends/backend.ts";
import { PAGE_ROWS } from "../../src/backends/backend.ts";

/** Spans of each step: [sequence, rows] in the order of the batch. */
export type Plan = readonly (readonly (readonly [sequence: number, rows: number])[])[];

/** Runs an op of a batch on one step's rows. */
export type BatchOp = (step: Step, x: Tensor, batch: Batch) => Tensor;

/** Pages of a sequence are not neighbours and do not go up. */
export function pageOf(sequence: number, sequences: number, index: number): number {
  return index * sequences + (sequences - 1 - sequence);
}

/** Slots are not in the order of the sequences. */
export function slotOf(sequence: number, sequences: number): number {
  return sequences - 1 - sequence;
}

/**
 * Feeds the rows of several sequences to an op by the plan; returns each sequence's results,
 * as many rows as the plan gave it.
 */
export async function runPlan(
  backend: Backend,
  sequences: readonly Float32Array[],
  cols: number,
  plan: Plan,
  op: BatchOp,
): Promise<Float32Array[]> {
  const done = sequences.map(() => 0);
  const results: number[][] = sequences.map(() => []);
  for (const parts of plan) {
    const spans: number[] = [];
    const pages: number[] = [];
    const rows: Float32Array[] = [];
    let row = 0;
    for (const [sequence, count] of parts) {
      const position = done[sequence]!;
      spans.push(row, count, position, slotOf(sequence, sequences.length), pages.length);
      for (let page = 0; page * PAGE_ROWS < position + count; page++) {
        pages.push(pageOf(sequence, sequences.length, page));
      }
      rows.push(sequences[sequence]!.subarray(position * cols, (position + count) * cols));
      row += count;
    }
    const batch = { rows: row, spans: Int32Array.from(spans), pages: Int32Array.from(pages) };
    const step = backend.begin();
    const x = step.input(Float32Array.from(rows.flatMap((part) => [...part])), row);
    const [values] = await step.read(op(step, x, batch));
    let from = 0;
    for (const [sequence, count] of parts) {
      const length = count * (values!.length / row);
      results[sequence]!.push(...values!.subarray(from, from + length));
      done[sequence]! += count;
      from += length;
    }
  }
  return results.map((values) => Float32Array.from(values));
}

/** One sequence alone, in pieces of these sizes. */
export function inPieces(...sizes: number[]): Plan {
  return sizes.map((rows) => [[0, rows]]);
}
