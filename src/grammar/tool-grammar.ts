import type { OutputFormat, ToolChoice, ToolDefinition } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import {
  type CodeRange,
  characters,
  choice,
  complement,
  EMPTY,
  type Expression,
  type Grammar,
  repeat,
  rule,
  sequence,
  text,
} from "./expression.ts";
import { anyObject, braced, bracketed, comma, jsonRules, literal, member } from "./json-text.ts";
import { outputGrammar } from "./output-grammar.ts";
import { newRuleBook, type RuleBook } from "./regular.ts";
import { parseSchemaText } from "./schema.ts";
import { schemaExpression } from "./schema-grammar.ts";

const OPEN = "<TOOLCALL>";
const CLOSE = "</TOOLCALL>";
/** Maximum number of calls in one answer. */
const MAX_CALLS = 32;

/** Arguments are inside a call, which is inside a list. */
const ARGUMENTS_LEVEL = 2;

export interface ToolRequest {
  readonly tools: readonly ToolDefinition[];
  readonly choice: ToolChoice;
  /** False: one call at most. */
  readonly parallel: boolean;
  /** Format of an answer without calls. Undefined: any text. */
  readonly output?: OutputFormat;
}

/**
 * The grammar of the answer; undefined if tools and output do not constrain it.
 *
 * With `required` or a name, the answer consists of calls only. With `auto`, it is either calls or
 * the output format. Without an output format, it is any text, in which `<TOOLCALL>` starts calls
 * that must match the tools and end the answer; this is needed only if a tool is strict or has no
 * parameters, or if only one call is allowed. Arguments match the tool's schema. If no grammar can
 * express the schema and the tool is not strict, they are any object. For a tool without parameters
 * they are `{}`.
 *
 * Throws invalid_schema for a strict tool's schema.
 */
export function toolGrammar(request: ToolRequest): Grammar | undefined {
  const { tools, choice: toolChoice, parallel, output } = request;
  if (toolChoice === "none" || tools.length === 0) return output && outputGrammar(output);
  const binding = tools.some((tool) => tool.strict === true || hasNoParameters(tool));
  const loose = toolChoice === "auto" && parallel && !binding;
  if (loose && output === undefined) return undefined;
  checkSize(tools);
  const book = newRuleBook(jsonRules());
  const { rules } = book;
  const named = typeof toolChoice === "object" ? toolChoice.name : undefined;
  const offered = tools
    .map((tool, index) => ({ tool, index }))
    .filter(({ tool }) => named === undefined || tool.name === named);
  const call = choice(
    ...offered.map(({ tool, index }) =>
      braced(
        sequence(
          member(literal("name"), literal(tool.name)),
          comma(2),
          member(literal("arguments"), argumentsOf(tool, index, book)),
        ),
        1,
      ),
    ),
  );
  rules.set("call", call);
  const max = parallel && named === undefined ? MAX_CALLS : 1;
  const listed = sequence(rule("call"), repeat(sequence(comma(1), rule("call")), 0, max - 1));
  const calls = sequence(bracketed(listed, 0), text(CLOSE));
  if (toolChoice !== "auto") return { root: sequence(text(OPEN), calls), rules };
  if (output) {
    const other = outputGrammar(output, rules);
    for (const [name, body] of other.rules) rules.set(name, body);
    return { root: choice(sequence(text(OPEN), calls), other.root), rules };
  }
  rules.set("calls", calls);
  return { root: untilTag(OPEN, rule("calls"), rules), rules };
}

function checkSize(tools: readonly ToolDefinition[]): void {
  const schemas = JSON.stringify(tools.map((tool) => tool.parameters));
  const bytes = Buffer.byteLength(schemas);
  if (bytes <= LIMITS.schema.bytesOfTools) return;
  const max = LIMITS.schema.bytesOfTools;
  const message = `the tools' schemas have ${bytes} bytes; at most ${max} are allowed`;
  throw new VireoError("invalid_schema", message, { param: "tools" });
}

/** Parameters of a tool whose schema is not enforced. */
export const ANY_PARAMETERS = Object.freeze({ type: "object", additionalProperties: true });

const DESCRIBING = new Set(["type", "$schema", "title", "description", "strict"]);

/**
 * True if the tool declares no parameters: without a schema, with an empty one, or with an object
 * without properties. False if it allows additional properties.
 */
function hasNoParameters({ parameters = {} }: ToolDefinition): boolean {
  if ((parameters.type ?? "object") !== "object") return false;
  return Object.entries(parameters).every(([keyword, value]) => {
    if (keyword === "properties" || keyword === "required") return isEmpty(value);
    return DESCRIBING.has(keyword) || (keyword === "additionalProperties" && value === false);
  });
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && Object.keys(value ?? {}).length === 0;
}

function argumentsOf(tool: ToolDefinition, index: number, book: RuleBook): Expression {
  const { rules } = book;
  const { parameters, strict = false } = tool;
  if (hasNoParameters(tool)) return text("{}");
  const before = new Map(rules);
  try {
    // arguments are always an object
    const schema = { type: "object", ...parameters };
    return schemaExpression(parseSchemaText(JSON.stringify(schema)), book, ARGUMENTS_LEVEL);
  } catch (error) {
    if (!(error instanceof VireoError) || error.code !== "invalid_schema") throw error;
    if (strict) {
      const param = `tools[${index}].function.parameters`;
      throw new VireoError("invalid_schema", `${param}: ${error.message}`, { param });
    }
    rules.clear();
    for (const [name, body] of before) rules.set(name, body);
    return anyObject(ARGUMENTS_LEVEL);
  }
}

/**
 * Any text without the tag, which may end anywhere; or such a text, the tag, and `then`. The tag
 * must contain its first character only once.
 */
function untilTag(tag: string, then: Expression, rules: Map<string, Expression>): Expression {
  const letters = [...tag];
  const one = (letter: string): CodeRange => [letter.codePointAt(0)!, letter.codePointAt(0)!];
  const begin = letters[0]!;
  letters.forEach((letter, matched) => {
    const last = matched === letters.length - 1;
    const known = matched === 0 ? [one(letter)] : [one(letter), one(begin)];
    const options = [
      EMPTY,
      sequence(text(letter), last ? then : rule(`free-${matched + 1}`)),
      sequence(characters(...complement(known)), rule("free-0")),
      ...(matched === 0 ? [] : [sequence(text(begin), rule("free-1"))]),
    ];
    rules.set(`free-${matched}`, choice(...options));
  });
  return rule("free-0");
}
