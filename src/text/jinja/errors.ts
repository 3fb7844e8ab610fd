/**
 * The reason why a template cannot be used.
 *
 * syntax: it cannot be parsed. failed: an operation went wrong, or a bound was reached.
 * raised: the template itself refused its input with `raise_exception`.
 */
export type TemplateErrorKind = "syntax" | "failed" | "raised";

/** `line` counts from 1 in the template's source. */
export class TemplateError extends Error {
  readonly line: number;
  readonly kind: TemplateErrorKind;

  constructor(message: string, line: number, kind: TemplateErrorKind, options?: ErrorOptions) {
    super(message, options);
    this.name = "TemplateError";
    this.line = line;
    this.kind = kind;
  }
}
