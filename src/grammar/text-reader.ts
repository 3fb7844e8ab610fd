/** Walks through a text character by character. What it throws at the text's end is its owner's. */
export class TextReader {
  readonly units: readonly string[];
  at = 0;
  private readonly ended: (what: string) => Error;

  constructor(text: string, ended: (what: string) => Error) {
    this.units = [...text];
    this.ended = ended;
  }

  /** The character that comes next; empty at the end. */
  peek(): string {
    return this.units[this.at] ?? "";
  }

  /** Steps over `unit` if it comes next. */
  take(unit: string): boolean {
    if (this.peek() !== unit) return false;
    this.at += 1;
    return true;
  }

  /** The next character. Throws at the end. */
  next(what: string): string {
    const unit = this.units[this.at];
    if (unit === undefined) throw this.ended(what);
    this.at += 1;
    return unit;
  }
}
