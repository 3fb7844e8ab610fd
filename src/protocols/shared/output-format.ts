import { z } from "zod";
import type { OutputFormat } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { isTooDeep, TOO_DEEP } from "./json.ts";

/** Fields that constrain the form of an answer, in the spellings of OpenAI and vLLM. */

const text = z.string().max(LIMITS.schema.bytes);
const choices = z.array(text.min(1)).min(1).max(LIMITS.schema.nodes);
const schema = z.custom<object | boolean>(
  (value) => typeof value === "boolean" || (typeof value === "object" && value !== null),
  { message: "must be a JSON Schema" },
);
/** vLLM also accepts a schema as JSON text. */
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

type FieldFormat = readonly [param: string, format: OutputFormat];

/**
 * The required form of the answer; undefined for free text.
 *
 * Throws out_of_range if two fields set one, and invalid_schema for a schema that is nested too
 * deeply. The upstream checks the schema's content.
 */
export function parseOutput(body: OutputBody): OutputFormat | undefined {
  const formats: FieldFormat[] = [];
  const add = <T>(param: string, value: T | null | undefined, read: (value: T) => OutputFormat) => {
    if (value !== null && value !== undefined) formats.push([param, read(value)]);
  };
  const json = (param: string) => (value: string | object | boolean) => jsonSchema(param, value);
  const regex = (pattern: string): OutputFormat => ({ type: "regex", pattern });
  const choice = (texts: readonly string[]): OutputFormat => ({ type: "choice", choices: texts });
  const grammar = (ebnf: string): OutputFormat => ({ type: "grammar", ebnf });
  const { response_format: format, structured_outputs: outputs } = body;
  if (format?.type === "json_object") formats.push(["response_format", { type: "json_object" }]);
  if (format?.type === "json_schema") {
    const param = "response_format.json_schema.schema";
    formats.push([param, jsonSchema(param, format.json_schema.schema ?? {})]);
  }
  add("structured_outputs.json", outputs?.json, json("structured_outputs.json"));
  add("structured_outputs.regex", outputs?.regex, regex);
  add("structured_outputs.choice", outputs?.choice, choice);
  add("structured_outputs.grammar", outputs?.grammar, grammar);
  if (outputs?.json_object === true) {
    formats.push(["structured_outputs.json_object", { type: "json_object" }]);
  }
  add("guided_json", body.guided_json, json("guided_json"));
  add("guided_regex", body.guided_regex, regex);
  add("guided_choice", body.guided_choice, choice);
  add("guided_grammar", body.guided_grammar, grammar);
  const [first, second] = formats;
  if (second !== undefined && first !== undefined) {
    const message = `${second[0]} contradicts ${first[0]}; send one of them`;
    throw new VireoError("out_of_range", message, { param: second[0] });
  }
  return first?.[1];
}

function jsonSchema(param: string, value: string | object | boolean): OutputFormat {
  if (typeof value === "string") return { type: "json_schema", schema: value };
  if (isTooDeep(value)) {
    throw new VireoError("invalid_schema", `${param} ${TOO_DEEP}`, { param });
  }
  return { type: "json_schema", schema: JSON.stringify(value) };
}
