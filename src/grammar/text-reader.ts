/** Reads a text character by character. `ended` creates the error for an unexpected end. */
export class TextReader {
  readonly units: readonly string[];
  at = 0;
  private readonly ended: (what: string) => Error;

  constructor(text: string, ended: (what: string) => Error) {
    this.units = [...text];
    this.ended = ended;
  }

  /** The next character; empty at the end. */
  peek(): string {
    return this.units[this.at] ?? "";
  }

  /** Consumes `unit` if it is the next character. */
  take(unit: string): boolean {
    if (this.peek() !== unit) return false;
    this.at += 1;
    return true;
  }

  /** Consumes the next character. Throws at the end. */
  next(what: string): string {
    const unit = this.units[this.at];
    if (unit === undefined) throw this.ended(what);
    this.at += 1;
    return unit;
  }
}
