import { LIMITS } from "../../core/limits.ts";
import { compileStatements, type Render } from "./compile.ts";
import { Converter } from "./convert.ts";
import { TemplateError } from "./errors.ts";
import { parseTemplate } from "./parser.ts";
import { Run } from "./run.ts";
import type { Value } from "./values.ts";

export interface JinjaTemplate {
  /**
   * Renders with variables as JSON has them. A variable that is undefined is not set.
   *
   * Throws a TemplateError with the line that failed, and a RangeError for variables that are
   * nested too deeply.
   */
  render(variables: Readonly<Record<string, unknown>>): string;
}

/**
 * Compiles a template that renders as Python's jinja2 does with the settings of transformers:
 * trim_blocks, lstrip_blocks, loop controls, its `tojson`, `raise_exception` and `strftime_now`,
 * in a sandbox without changes to lists and dicts.
 *
 * The source and the variables may be a stranger's: parsing and rendering are bounded in time,
 * memory and depth. Throws a TemplateError with the line of a mistake.
 */
export function compileTemplate(source: string): JinjaTemplate {
  if (source.length > LIMITS.template.characters) {
    const message = `longer than ${LIMITS.template.characters} characters`;
    throw new TemplateError(message, 1, "syntax");
  }
  const write = compile(source);
  return {
    render(variables) {
      const converter = new Converter();
      const values = new Map<string, Value>();
      for (const [name, value] of Object.entries(variables)) {
        if (value !== undefined) values.set(name, converter.convert(value));
      }
      const run = new Run(stepsFor(converter));
      try {
        write(run, values);
      } catch (cause) {
        throw failure(cause, run.line, "failed");
      }
      return run.out;
    },
  };
}

function stepsFor({ values, characters }: Converter): number {
  return (
    LIMITS.template.steps +
    values * LIMITS.template.stepsPerValue +
    characters * LIMITS.template.stepsPerCharacter
  );
}

function compile(source: string): Render {
  try {
    return compileStatements(parseTemplate(source));
  } catch (cause) {
    throw failure(cause, 1, "syntax");
  }
}

function failure(cause: unknown, line: number, kind: "syntax" | "failed"): TemplateError {
  if (cause instanceof TemplateError) return cause;
  const message = cause instanceof Error ? cause.message : "no reason";
  const isStack = cause instanceof RangeError && message.startsWith("Maximum call stack");
  return new TemplateError(isStack ? "nested too deeply" : message, line, kind, { cause });
}
