import { z } from "zod";
import type { OutputFormat } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { isTooDeep } from "./json.ts";

/** The spellings in which clients ask for an answer of a certain form. */

const text = z.string().max(LIMITS.schemaBytes);
const choices = z.array(text.min(1)).min(1).max(LIMITS.schemaNodes);
const schema = z.custom<object | boolean>(
  (value) => typeof value === "boolean" || (typeof value === "object" && value !== null),
  { message: "must be a JSON Schema" },
);
/** vLLM takes a schema as JSON text too. */
const schemaOrText = z.union([text, schema]);

export const outputFields = {
  response_format: z
    .discriminatedUnion("type", [
      z.object({ type: z.literal("text") }),
      z.object({ type: z.literal("json_object") }),
      z.object({
        type: z.literal("json_schema"),
        json_schema: z.object({
          name: z.string().max(64).nullish(),
          description: text.nullish(),
          schema: schema.nullish(),
          strict: z.boolean().nullish(),
        }),
      }),
    ])
    .nullish(),
  structured_outputs: z
    .object({
      json: schemaOrText.nullish(),
      regex: text.nullish(),
      choice: choices.nullish(),
      grammar: text.nullish(),
      json_object: z.boolean().nullish(),
    })
    .nullish(),
  guided_json: schemaOrText.nullish(),
  guided_regex: text.nullish(),
  guided_choice: choices.nullish(),
  guided_grammar: text.nullish(),
};
const outputBody = z.object(outputFields);
type OutputBody = z.infer<typeof outputBody>;

type Wish = readonly [param: string, format: OutputFormat];

/**
 * The form that the answer must have; undefined for any text.
 *
 * Throws out_of_range if two fields ask for one, and invalid_schema for a schema that is nested
 * beyond all measure. What a schema says is checked by whoever answers.
 */
export function parseOutput(body: OutputBody): OutputFormat | undefined {
  const wishes: Wish[] = [];
  const wish = <T>(
    param: string,
    value: T | null | undefined,
    read: (value: T) => OutputFormat,
  ) => {
    if (value !== null && value !== undefined) wishes.push([param, read(value)]);
  };
  const json = (param: string) => (value: string | object | boolean) => jsonSchema(param, value);
  const regex = (pattern: string): OutputFormat => ({ type: "regex", pattern });
  const choice = (given: readonly string[]): OutputFormat => ({ type: "choice", choices: given });
  const grammar = (ebnf: string): OutputFormat => ({ type: "grammar", ebnf });
  const { response_format: format, structured_outputs: outputs } = body;
  if (format?.type === "json_object") wishes.push(["response_format", { type: "json_object" }]);
  if (format?.type === "json_schema") {
    const param = "response_format.json_schema.schema";
    wishes.push([param, jsonSchema(param, format.json_schema.schema ?? {})]);
  }
  wish("structured_outputs.json", outputs?.json, json("structured_outputs.json"));
  wish("structured_outputs.regex", outputs?.regex, regex);
  wish("structured_outputs.choice", outputs?.choice, choice);
  wish("structured_outputs.grammar", outputs?.grammar, grammar);
  if (outputs?.json_object === true) {
    wishes.push(["structured_outputs.json_object", { type: "json_object" }]);
  }
  wish("guided_json", body.guided_json, json("guided_json"));
  wish("guided_regex", body.guided_regex, regex);
  wish("guided_choice", body.guided_choice, choice);
  wish("guided_grammar", body.guided_grammar, grammar);
  const [first, second] = wishes;
  if (second !== undefined && first !== undefined) {
    const message = `${second[0]} contradicts ${first[0]}; an answer has one form`;
    throw new VireoError("out_of_range", message, { param: second[0] });
  }
  return first?.[1];
}

function jsonSchema(param: string, value: string | object | boolean): OutputFormat {
  if (typeof value === "string") return { type: "json_schema", schema: value };
  if (isTooDeep(value)) {
    throw new VireoError("invalid_schema", `${param} is nested too deeply`, { param });
  }
  return { type: "json_schema", schema: JSON.stringify(value) };
}
