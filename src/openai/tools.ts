import { z } from "zod";
import type { ToolCall, ToolChoice, ToolDefinition } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { random62 } from "./ids.ts";
import { isTooDeep } from "./json.ts";

/** Tools as the protocol has them: what may be asked for, and how calls are answered. */

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
const namedFunction = z.object({
  type: z.literal("function"),
  function: z.object({ name: toolName }),
});

/** Fields of a chat body that have to do with tools. `functions` is what they were once called. */
export const toolFields = {
  tools: z
    .array(z.object({ type: z.literal("function"), function: functionDefinition }))
    .max(LIMITS.toolsPerRequest)
    .nullish(),
  functions: z.array(functionDefinition).max(LIMITS.toolsPerRequest).nullish(),
  tool_choice: z
    .union([
      z.enum(["none", "auto", "required"]),
      namedFunction,
      z.object({
        type: z.literal("allowed_tools"),
        allowed_tools: z.object({
          mode: z.enum(["auto", "required"]),
          tools: z.array(namedFunction).min(1).max(LIMITS.toolsPerRequest),
        }),
      }),
    ])
    .nullish(),
  function_call: z.union([z.enum(["none", "auto"]), z.object({ name: toolName })]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
};
const toolBody = z.object(toolFields);
type ToolBody = z.infer<typeof toolBody>;

export interface ParsedTools {
  readonly tools?: readonly ToolDefinition[];
  readonly toolChoice?: ToolChoice;
  readonly parallelToolCalls?: boolean;
}

/** Throws a VireoError for tools that contradict each other or the choice among them. */
export function parseTools(body: ToolBody): ParsedTools {
  const tools = (body.tools ?? []).map((tool) => tool.function);
  const functions = body.functions ?? [];
  if (tools.length > 0 && functions.length > 0) {
    throw refuse("functions", "is the old name of tools; send one of them");
  }
  const listed =
    functions.length > 0
      ? toDefinitions(functions, (index) => `functions[${index}]`)
      : toDefinitions(tools, (index) => `tools[${index}].function`);
  const parallel = body.parallel_tool_calls ?? (body.functions ? false : undefined);
  return chooseTools(listed, parseChoice(body), parallel);
}

/** Throws a VireoError for a choice among tools that are not there. */
export function chooseTools(
  listed: readonly ToolDefinition[],
  asked: AskedChoice,
  parallel?: boolean | null,
): ParsedTools {
  if (listed.length === 0) {
    if (asked.choice !== "auto" && asked.choice !== "none") {
      throw refuse(asked.param, "asks for a call, but there are no tools");
    }
    return {};
  }
  const wanted = asked.allowed ?? (typeof asked.choice === "object" ? [asked.choice.name] : []);
  const missing = wanted.find((wish) => !listed.some((tool) => tool.name === wish));
  if (missing !== undefined) throw refuse(asked.param, `names ${missing}, which is not in tools`);
  return {
    tools: listed.filter((tool) => asked.allowed?.includes(tool.name) ?? true),
    toolChoice: asked.choice,
    ...(typeof parallel === "boolean" ? { parallelToolCalls: parallel } : {}),
  };
}

/**
 * at: the field of the tool with that index.
 *
 * Throws out_of_range for two tools of one name, invalid_schema for one nested beyond all measure.
 */
export function toDefinitions(
  tools: readonly z.infer<typeof functionDefinition>[],
  at: (index: number) => string,
): ToolDefinition[] {
  const names = new Set<string>();
  return tools.map((tool, index) => {
    if (names.has(tool.name)) {
      throw refuse(`${at(index)}.name`, `is ${tool.name} for the second time`);
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

export interface AskedChoice {
  /** The field that says so. */
  readonly param: string;
  readonly choice: ToolChoice;
  /** Only these tools may be called. */
  readonly allowed?: readonly string[];
}

function parseChoice({ tool_choice: choice, function_call: old }: ToolBody): AskedChoice {
  if (choice && old) throw refuse("function_call", "is the old name of tool_choice; send one");
  const param = old ? "function_call" : "tool_choice";
  if (old) return { param, choice: old };
  if (typeof choice !== "object" || choice === null) return { param, choice: choice ?? "auto" };
  if (choice.type === "function") return { param, choice: { name: choice.function.name } };
  const { mode, tools } = choice.allowed_tools;
  return { param, choice: mode, allowed: tools.map((tool) => tool.function.name) };
}

function refuse(param: string, why: string): VireoError {
  return new VireoError("out_of_range", `${param} ${why}`, { param });
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export interface ToolCallBody {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

/** `call_<24 letters and digits>` */
export function newCallId(): string {
  return `call_${random62(24)}`;
}

export function toToolCall({ name, arguments: given }: ToolCall): ToolCallBody {
  return { id: newCallId(), type: "function", function: { name, arguments: given } };
}

/** Arguments of a call, a piece at a time. */
export function* argumentPieces(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const piece = text.slice(at, fragmentEnd(text, at));
    yield piece;
    at += piece.length;
  }
}

/** One delta: the first of a call has its id and name, the others a piece of its arguments. */
export interface ToolCallDelta {
  readonly index: number;
  readonly id?: string;
  readonly type?: "function";
  readonly function: { readonly name?: string; readonly arguments: string };
}

/** Characters of arguments in one delta. */
const FRAGMENT_CHARACTERS = 1024;

export function toToolCallDeltas(call: ToolCall, index: number): ToolCallDelta[] {
  const { id, type } = toToolCall(call);
  const deltas: ToolCallDelta[] = [
    { index, id, type, function: { name: call.name, arguments: "" } },
  ];
  for (const piece of argumentPieces(call.arguments)) {
    deltas.push({ index, function: { arguments: piece } });
  }
  return deltas;
}

/** Not in the middle of a surrogate pair. */
function fragmentEnd(text: string, start: number): number {
  const end = start + FRAGMENT_CHARACTERS;
  return (text.charCodeAt(end) & 0xfc00) === 0xdc00 ? end - 1 : end;
}
