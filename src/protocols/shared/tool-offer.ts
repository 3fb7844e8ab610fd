import { z } from "zod";
import type { ToolCall, ToolDefinition } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { isTooDeep } from "./json.ts";

/** Tools of all kinds that clients send, and what they come to for the model. */

export const toolName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
  message: "must be 1 to 64 letters, digits, _ and -",
});
export const functionDefinition = z.object({
  name: toolName,
  description: z.string().max(LIMITS.schemaBytes).nullish(),
  parameters: z
    .custom<Record<string, unknown>>(isObject, { message: "must be a JSON Schema: an object" })
    .nullish(),
  strict: z.boolean().nullish(),
});
export type FunctionDefinition = z.infer<typeof functionDefinition>;

/** A tool that takes text of any form instead of JSON. */
export const customDefinition = z.object({
  name: toolName,
  description: z.string().max(LIMITS.schemaBytes).nullish(),
  format: z
    .union([
      z.object({ type: z.literal("text") }),
      z.object({
        type: z.literal("grammar"),
        syntax: z.enum(["lark", "regex"]),
        definition: z.string().max(LIMITS.schemaBytes),
      }),
      // the chat protocol has the grammar one level deeper
      z.object({
        type: z.literal("grammar"),
        grammar: z.object({
          syntax: z.enum(["lark", "regex"]),
          definition: z.string().max(LIMITS.schemaBytes),
        }),
      }),
    ])
    .nullish(),
});
export type CustomDefinition = z.infer<typeof customDefinition>;

const OWN_TYPES = ["function", "custom", "namespace"];

/** A tool that the protocol's own servers run, as web_search: known by any other type. */
export const hostedTool = z.object({
  type: z
    .string()
    .min(1)
    .max(64)
    .refine((type) => !OWN_TYPES.includes(type), {
      message: "must be the type of a tool",
      abort: true, // else a union takes this branch for the one that was meant
    }),
});

/** How an answer names a tool that the model was offered under another name or form. */
export interface ToolAlias {
  readonly name: string;
  readonly namespace?: string;
  /** Takes text: arguments are its field `input`. */
  readonly custom?: true;
}

export interface ToolOffer {
  readonly definitions: readonly ToolDefinition[];
  /** By the name that the model was offered. Those that are not here are functions of that name. */
  readonly aliases: ReadonlyMap<string, ToolAlias>;
  /** For x-ignored-params: types of tools that were left out, and forms that are not held to. */
  readonly ignored: readonly string[];
}

/** Collects the tools of a request in the order in which they are to be shown. */
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

  /** The model knows functions only, so it is offered one whose field `input` is the text. */
  addCustom(tool: CustomDefinition, at: string, namespace?: string): void {
    const name = flatName(tool.name, namespace);
    const place = namespace === undefined ? {} : { namespace };
    this.aliases.set(name, { name: tool.name, ...place, custom: true });
    const grammar = grammarOf(tool);
    if (grammar?.syntax === "lark") this.ignored.add(`tools.${tool.name}.format`);
    const isPattern = grammar?.syntax === "regex";
    const input = {
      type: "string",
      ...(isPattern ? { pattern: `^(?:${grammar.definition})$` } : {}),
    };
    const form =
      grammar && `Input must match this ${grammar.syntax} grammar:\n${grammar.definition}`;
    const description = [tool.description, form].filter(Boolean).join("\n\n");
    const parameters = {
      type: "object",
      properties: { input },
      required: ["input"],
      additionalProperties: false,
    };
    const definition = { name, description, parameters, strict: isPattern };
    this.functions.push({ definition, at });
  }

  leaveOut(type: string): void {
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
 * Throws out_of_range for two tools of one name, invalid_schema for one nested beyond all measure.
 */
function toDefinitions(
  tools: readonly FunctionDefinition[],
  at: (index: number) => string,
): ToolDefinition[] {
  const names = new Set<string>();
  return tools.map((tool, index) => {
    if (names.has(tool.name)) {
      const param = `${at(index)}.name`;
      const message = `${param} is ${tool.name} for the second time`;
      throw new VireoError("out_of_range", message, { param });
    }
    names.add(tool.name);
    if (tool.parameters && isTooDeep(tool.parameters)) {
      const param = `${at(index)}.parameters`;
      throw new VireoError("invalid_schema", `${param} is nested too deeply`, { param });
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

/** The one name under which the model knows a tool of a namespace. */
export function flatName(name: string, namespace?: string | null): string {
  return namespace ? `${namespace}__${name}` : name;
}

function grammarOf({ format }: CustomDefinition) {
  if (format?.type !== "grammar") return undefined;
  return "grammar" in format ? format.grammar : format;
}

/** Arguments of a call to a tool that takes text, as the model was offered it. */
export function toCustomArguments(input: string): string {
  return JSON.stringify({ input });
}

/**
 * The text that such a call passes on, as far as it came where an answer was cut. Arguments that
 * are not what was offered are the text themselves.
 */
export function customInput({ arguments: given }: Pick<ToolCall, "arguments">): string {
  const parsed = parseOrUndefined(given);
  if (typeof parsed === "string") return parsed;
  if (typeof parsed === "object" && parsed !== null && "input" in parsed) {
    return typeof parsed.input === "string" ? parsed.input : JSON.stringify(parsed.input);
  }
  const cut = /^\s*\{\s*"input"\s*:\s*("(?:[^"\\]|\\.)*)/s.exec(given)?.[1];
  if (cut === undefined || parsed !== undefined) return given;
  const whole = cut.replace(/\\(u[\da-f]{0,3})?$/i, ""); // an escape that was cut in the middle
  const text = parseOrUndefined(`${whole}"`);
  return typeof text === "string" ? text : given;
}

function parseOrUndefined(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}
