import { z } from "zod";
import type { ToolCall, ToolChoice, ToolDefinition } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { random62 } from "./ids.ts";
import { isTooDeep } from "./json.ts";

/** Tools as the protocol has them: what may be asked for, and how calls are answered. */

const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, {
  message: "must be 1 to 64 letters, digits, _ and -",
});
const functionDefinition = z.object({
  name,
  description: z.string().max(LIMITS.schemaBytes).nullish(),
  parameters: z
    .custom<Record<string, unknown>>(isObject, { message: "must be a JSON Schema: an object" })
    .nullish(),
  strict: z.boolean().nullish(),
});
const namedFunction = z.object({ type: z.literal("function"), function: z.object({ name }) });

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
  function_call: z.union([z.enum(["none", "auto"]), z.object({ name })]).nullish(),
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
  const listed = parseDefinitions(body);
  const asked = parseChoice(body);
  if (listed.length === 0) {
    if (asked.choice !== "auto" && asked.choice !== "none") {
      throw refuse(asked.param, "asks for a call, but there are no tools");
    }
    return {};
  }
  const tools = listed.filter((tool) => asked.allowed?.includes(tool.name) ?? true);
  const wanted = asked.allowed ?? (typeof asked.choice === "object" ? [asked.choice.name] : []);
  const missing = wanted.find((wish) => !listed.some((tool) => tool.name === wish));
  if (missing !== undefined) throw refuse(asked.param, `names ${missing}, which is not in tools`);
  const parallel = body.parallel_tool_calls ?? (body.functions ? false : undefined);
  return {
    tools,
    toolChoice: asked.choice,
    ...(parallel === undefined ? {} : { parallelToolCalls: parallel }),
  };
}

function parseDefinitions(body: ToolBody): ToolDefinition[] {
  const { tools = [], functions = [] } = {
    tools: body.tools ?? [],
    functions: body.functions ?? [],
  };
  if (tools.length > 0 && functions.length > 0) {
    throw refuse("functions", "is the old name of tools; send one of them");
  }
  const param = functions.length > 0 ? "functions" : "tools";
  const names = new Set<string>();
  return [...tools.map((tool) => tool.function), ...functions].map((tool, index) => {
    const at = param === "tools" ? `tools[${index}].function` : `functions[${index}]`;
    if (names.has(tool.name)) throw refuse(`${at}.name`, `is ${tool.name} for the second time`);
    names.add(tool.name);
    if (tool.parameters && isTooDeep(tool.parameters)) {
      throw new VireoError("invalid_schema", `${at}.parameters is nested too deeply`, {
        param: `${at}.parameters`,
      });
    }
    return {
      name: tool.name,
      ...(typeof tool.description === "string" ? { description: tool.description } : {}),
      ...(tool.parameters ? { parameters: tool.parameters } : {}),
      ...(tool.strict === true ? { strict: true } : {}),
    };
  });
}

interface AskedChoice {
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
  for (let at = 0; at < call.arguments.length; ) {
    const fragment = call.arguments.slice(at, fragmentEnd(call.arguments, at));
    deltas.push({ index, function: { arguments: fragment } });
    at += fragment.length;
  }
  return deltas;
}

/** Not in the middle of a surrogate pair. */
function fragmentEnd(text: string, start: number): number {
  const end = start + FRAGMENT_CHARACTERS;
  return (text.charCodeAt(end) & 0xfc00) === 0xdc00 ? end - 1 : end;
}
