import { z } from "zod";
import type { ToolCall, ToolDefinition } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { isTooDeep, TOO_DEEP } from "./json.ts";

/** Converts the kinds of tools that clients send to functions for the model. */

export const toolName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
  message: "must be 1 to 64 letters, digits, _ and -",
});
export const functionDefinition = z.object({
  name: toolName,
  description: z.string().max(LIMITS.schema.bytes).nullish(),
  parameters: z
    .custom<Record<string, unknown>>(isObject, { message: "must be a JSON Schema: an object" })
    .nullish(),
  strict: z.boolean().nullish(),
});
export type FunctionDefinition = z.infer<typeof functionDefinition>;

/** A tool whose input is text instead of JSON. */
export const customDefinition = z.object({
  name: toolName,
  description: z.string().max(LIMITS.schema.bytes).nullish(),
  format: z
    .union([
      z.object({ type: z.literal("text") }),
      z.object({
        type: z.literal("grammar"),
        syntax: z.enum(["lark", "regex"]),
        definition: z.string().max(LIMITS.schema.bytes),
      }),
      // the chat protocol nests the grammar one level deeper
      z.object({
        type: z.literal("grammar"),
        grammar: z.object({
          syntax: z.enum(["lark", "regex"]),
          definition: z.string().max(LIMITS.schema.bytes),
        }),
      }),
    ])
    .nullish(),
});
export type CustomDefinition = z.infer<typeof customDefinition>;

const CLIENT_TYPES = ["function", "custom", "namespace"];

/** A hosted tool, such as web_search, which only the protocol's own servers run. */
export const hostedTool = z.object({
  type: z
    .string()
    .min(1)
    .max(64)
    .refine((type) => !CLIENT_TYPES.includes(type), {
      message: "must be the type of a tool",
      abort: true, // otherwise a union reports this branch as the best match
    }),
});

/** The client's name and form of a tool that the model knows under another name or form. */
export interface ToolAlias {
  readonly name: string;
  readonly namespace?: string;
  /** The input is text: the field `input` of the model's arguments. */
  readonly custom?: true;
}

export interface ToolOffer {
  readonly definitions: readonly ToolDefinition[];
  /** Keyed by the model's name for the tool. Tools without an alias are functions. */
  readonly aliases: ReadonlyMap<string, ToolAlias>;
  /** Types of omitted tools and unenforced formats, for x-ignored-params. */
  readonly ignored: readonly string[];
}

/** Collects the tools of a request in the order of the prompt. */
export class ToolCollector {
  private readonly functions: { readonly definition: FunctionDefinition; readonly at: string }[] =
    [];
  private readonly aliases = new Map<string, ToolAlias>();
  private readonly ignored = new Set<string>();

  /** at: the field, for errors. */
  addFunction(definition: FunctionDefinition, at: string, namespace?: string): void {
    const name = flatName(definition.name, namespace);
    if (namespace !== undefined) this.aliases.set(name, { name: definition.name, namespace });
    this.functions.push({ definition: { ...definition, name }, at });
  }

  /** The model supports functions only, so the text becomes the field `input` of a function. */
  addCustom(tool: CustomDefinition, at: string, namespace?: string): void {
    const name = flatName(tool.name, namespace);
    const inNamespace = namespace === undefined ? {} : { namespace };
    this.aliases.set(name, { name: tool.name, ...inNamespace, custom: true });
    const grammar = grammarOf(tool);
    if (grammar?.syntax === "lark") this.ignored.add(`tools.${tool.name}.format`);
    const isPattern = grammar?.syntax === "regex";
    const input = {
      type: "string",
      ...(isPattern ? { pattern: `^(?:${grammar.definition})$` } : {}),
    };
    const grammarNote =
      grammar && `Input must match this ${grammar.syntax} grammar:\n${grammar.definition}`;
    const description = [tool.description, grammarNote].filter(Boolean).join("\n\n");
    const parameters = {
      type: "object",
      properties: { input },
      required: ["input"],
      additionalProperties: false,
    };
    const definition = { name, description, parameters, strict: isPattern };
    this.functions.push({ definition, at });
  }

  /** Omits a hosted tool and reports its type. */
  ignore(type: string): void {
    this.ignored.add(`tools.${type}`);
  }

  /** Throws what toDefinitions throws. */
  offer(): ToolOffer {
    const definitions = toDefinitions(
      this.functions.map(({ definition }) => definition),
      (index) => this.functions[index]?.at ?? "tools",
    );
    return { definitions, aliases: this.aliases, ignored: [...this.ignored] };
  }
}

/**
 * at: the field of the tool with that index.
 *
 * Throws out_of_range for a duplicate name, invalid_schema for a schema that is nested too deeply.
 */
function toDefinitions(
  tools: readonly FunctionDefinition[],
  at: (index: number) => string,
): ToolDefinition[] {
  const names = new Set<string>();
  return tools.map((tool, index) => {
    if (names.has(tool.name)) {
      const param = `${at(index)}.name`;
      const message = `${param} is ${tool.name} for the second time; give each tool its own name`;
      throw new VireoError("out_of_range", message, { param });
    }
    names.add(tool.name);
    if (tool.parameters && isTooDeep(tool.parameters)) {
      const param = `${at(index)}.parameters`;
      throw new VireoError("invalid_schema", `${param} ${TOO_DEEP}`, { param });
    }
    return {
      name: tool.name,
      ...(typeof tool.description === "string" ? { description: tool.description } : {}),
      ...(tool.parameters ? { parameters: tool.parameters } : {}),
      ...(tool.strict === true ? { strict: true } : {}),
    };
  });
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The model's name for a tool of a namespace. */
export function flatName(name: string, namespace?: string | null): string {
  return namespace ? `${namespace}__${name}` : name;
}

function grammarOf({ format }: CustomDefinition) {
  if (format?.type !== "grammar") return undefined;
  return "grammar" in format ? format.grammar : format;
}

/** The model's arguments for a call to a custom tool. */
export function toCustomArguments(input: string): string {
  return JSON.stringify({ input });
}

/**
 * The input of a call to a custom tool. Arguments of a truncated answer yield the text so far;
 * arguments without `input` are returned unchanged.
 */
export function customInput({ arguments: json }: Pick<ToolCall, "arguments">): string {
  const parsed = parseOrUndefined(json);
  if (typeof parsed === "string") return parsed;
  if (typeof parsed === "object" && parsed !== null && "input" in parsed) {
    return typeof parsed.input === "string" ? parsed.input : JSON.stringify(parsed.input);
  }
  const truncated = /^\s*\{\s*"input"\s*:\s*("(?:[^"\\]|\\.)*)/s.exec(json)?.[1];
  if (truncated === undefined || parsed !== undefined) return json;
  const complete = truncated.replace(/\\(u[\da-f]{0,3})?$/i, ""); // without a truncated escape
  const text = parseOrUndefined(`${complete}"`);
  return typeof text === "string" ? text : json;
}

function parseOrUndefined(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}
