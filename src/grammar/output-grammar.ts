import type { OutputFormat } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { type Expression, type Grammar, oneOfTexts } from "./expression.ts";
import { parseGbnf } from "./gbnf.ts";
import { anyObject, jsonRules } from "./json-text.ts";
import { parseRegex } from "./regex.ts";
import { conjunctionExpression, hasLookahead, newRuleBook } from "./regular.ts";
import { parseSchemaText } from "./schema.ts";
import { schemaExpression } from "./schema-grammar.ts";

/** The grammar of an output format; adds JSON's rules to `rules`. Throws invalid_schema. */
export function outputGrammar(format: OutputFormat, rules = jsonRules()): Grammar {
  switch (format.type) {
    case "json_object":
      return { root: anyObject(0), rules };
    case "json_schema": {
      const root = schemaExpression(parseSchemaText(format.schema), newRuleBook(rules));
      return { root, rules };
    }
    case "regex":
      checkLength("pattern", format.pattern);
      return patternGrammar(format.pattern);
    case "choice":
      return choiceGrammar(format.choices);
    case "grammar":
      checkLength("grammar", format.ebnf);
      return parseGbnf(format.ebnf);
  }
}

function patternGrammar(pattern: string): Grammar {
  const root = parseRegex(pattern);
  const rules = new Map<string, Expression>();
  if (!hasLookahead(root)) return { root, rules };
  const maxLength = Number.POSITIVE_INFINITY;
  const alone = { all: [root], minLength: 0, maxLength, place: "the pattern" };
  return { root: conjunctionExpression(alone, newRuleBook(rules), (of) => of), rules };
}

function choiceGrammar(choices: readonly string[]): Grammar {
  if (choices.length === 0 || choices.includes("")) {
    throw new VireoError(
      "invalid_schema",
      "choices must be one or more texts, each of at least one character",
    );
  }
  checkLength("list of choices", choices.join(""));
  return { root: oneOfTexts(choices), rules: new Map() };
}

function checkLength(what: string, source: string): void {
  const bytes = Buffer.byteLength(source);
  if (bytes <= LIMITS.schema.bytes) return;
  const message = `the ${what} has ${bytes} bytes; at most ${LIMITS.schema.bytes} are allowed`;
  throw new VireoError("invalid_schema", message);
}
