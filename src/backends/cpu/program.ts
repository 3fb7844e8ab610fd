import { type Batch, SPAN, type Tensor } from "../backend.ts";

/**
 * The words of a recorded step as native/program.cpp reads them: operations
 * [code, word count, arguments ...] and, apart, the data that they refer to by word.
 */
export class Program {
  ops = new Int32Array(1 << 14);
  opWords = 0;
  data = new Int32Array(1 << 14);
  dataWords = 0;
  private start = 0;
  private readonly bits = new Float32Array(1);
  private readonly bitWords = new Int32Array(this.bits.buffer);
  private batch: Batch | undefined;
  private spansAt = 0;
  private pagesAt = 0;

  reset(): void {
    this.opWords = 0;
    this.dataWords = 0;
    this.batch = undefined;
  }

  begin(code: number): void {
    if (this.opWords + 128 > this.ops.length) this.ops = grown(this.ops, this.opWords + 128);
    this.start = this.opWords;
    this.ops[this.opWords] = code;
    this.opWords += 2;
  }

  end(): void {
    this.ops[this.start + 1] = this.opWords - this.start;
  }

  integer(value: number): void {
    this.ops[this.opWords++] = value;
  }

  real(value: number): void {
    this.bits[0] = value;
    this.ops[this.opWords++] = this.bitWords[0]!;
  }

  tensor(x: Tensor): void {
    const { ops, opWords } = this;
    ops[opWords] = x.buffer;
    ops[opWords + 1] = x.offset;
    ops[opWords + 2] = x.rows;
    ops[opWords + 3] = x.cols;
    ops[opWords + 4] = x.stride;
    this.opWords = opWords + 5;
  }

  /** Copies words into the data section; the operation gets their place. */
  words(values: Int32Array): void {
    this.integer(this.put(values));
  }

  spans(batch: Batch): void {
    if (this.batch !== batch) {
      this.batch = batch;
      this.spansAt = this.put(batch.spans);
      this.pagesAt = this.put(batch.pages);
    }
    this.integer(batch.spans.length / SPAN.words);
    this.integer(this.spansAt);
    this.integer(batch.pages.length);
    this.integer(this.pagesAt);
  }

  private put(values: Int32Array): number {
    const at = this.dataWords;
    if (at + values.length > this.data.length) this.data = grown(this.data, at + values.length);
    this.data.set(values, at);
    this.dataWords = at + values.length;
    return at;
  }
}

function grown(old: Int32Array, atLeast: number): Int32Array<ArrayBuffer> {
  const fresh = new Int32Array(Math.max(old.length * 2, atLeast));
  fresh.set(old);
  return fresh;
}
