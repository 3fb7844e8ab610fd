import { z } from "zod";
import type { ToolCall, ToolChoice, ToolDefinition } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { random62 } from "./ids.ts";
import {
  customDefinition,
  customInput,
  functionDefinition,
  hostedTool,
  type ToolAlias,
  ToolCollector,
  type ToolOffer,
  toolName,
} from "./tool-offer.ts";

/** Tools on the chat protocol's wire: definitions, tool choice and calls. */

const namedFunction = z.object({
  type: z.literal("function"),
  function: z.object({ name: toolName }),
});
const namedTool = z.union([
  namedFunction,
  z.object({ type: z.literal("custom"), custom: z.object({ name: toolName }) }),
  hostedTool,
]);

/** Tool fields of a chat body. `functions` is the deprecated name of `tools`. */
export const toolFields = {
  tools: z
    .array(
      z.union([
        z.object({ type: z.literal("function"), function: functionDefinition }),
        z.object({ type: z.literal("custom"), custom: customDefinition }),
        hostedTool,
      ]),
    )
    .max(LIMITS.request.tools)
    .nullish(),
  functions: z.array(functionDefinition).max(LIMITS.request.tools).nullish(),
  tool_choice: z
    .union([
      z.enum(["none", "auto", "required"]),
      z.object({
        type: z.literal("allowed_tools"),
        allowed_tools: z.object({
          mode: z.enum(["auto", "required"]),
          tools: z.array(namedTool).min(1).max(LIMITS.request.tools),
        }),
      }),
      namedTool,
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

/** Throws a VireoError for contradictory tools, and what chooseTools throws. */
export function parseTools(body: ToolBody): {
  readonly requested: ParsedTools;
  readonly offer: ToolOffer;
} {
  const tools = body.tools ?? [];
  const functions = body.functions ?? [];
  if (tools.length > 0 && functions.length > 0) {
    throw refuse("functions", "is the deprecated name of tools; send one of them");
  }
  const collector = new ToolCollector();
  tools.forEach((tool, index) => {
    if ("function" in tool) collector.addFunction(tool.function, `tools[${index}].function`);
    else if ("custom" in tool) collector.addCustom(tool.custom, `tools[${index}].custom`);
    else collector.ignore(tool.type);
  });
  functions.forEach((definition, index) => {
    collector.addFunction(definition, `functions[${index}]`);
  });
  const offer = collector.offer();
  const parallel = body.parallel_tool_calls ?? (body.functions ? false : undefined);
  return { requested: chooseTools(offer.definitions, parseChoice(body), parallel), offer };
}

/** Applies a tool choice. Throws out_of_range for a choice of tools that are not defined. */
export function chooseTools(
  definitions: readonly ToolDefinition[],
  { param, choice, allowed }: RequestedChoice,
  parallel?: boolean | null,
): ParsedTools {
  if (definitions.length === 0 || allowed?.length === 0) {
    if (choice !== "auto" && choice !== "none") {
      throw refuse(param, "requires a call, but the request defines no function; send it in tools");
    }
    return {};
  }
  const names = allowed ?? (typeof choice === "object" ? [choice.name] : []);
  const missing = names.find((name) => !definitions.some((tool) => tool.name === name));
  if (missing !== undefined) throw refuse(param, `names ${missing}, which is not in tools`);
  return {
    tools: definitions.filter((tool) => allowed?.includes(tool.name) ?? true),
    toolChoice: choice,
    ...(typeof parallel === "boolean" ? { parallelToolCalls: parallel } : {}),
  };
}

export interface RequestedChoice {
  /** The field of the choice, for errors. */
  readonly param: string;
  readonly choice: ToolChoice;
  /** Only these tools may be called. */
  readonly allowed?: readonly string[];
}

function parseChoice({ tool_choice: choice, function_call: old }: ToolBody): RequestedChoice {
  if (choice && old)
    throw refuse("function_call", "is the deprecated name of tool_choice; send one of them");
  const param = old ? "function_call" : "tool_choice";
  if (old) return { param, choice: old };
  if (typeof choice !== "object" || choice === null) return { param, choice: choice ?? "auto" };
  if ("allowed_tools" in choice) {
    const { mode, tools } = choice.allowed_tools;
    return { param, choice: mode, allowed: tools.flatMap((tool) => nameOf(tool) ?? []) };
  }
  const name = nameOf(choice);
  if (name === undefined) throw refuseHosted(param, choice.type);
  return { param, choice: { name } };
}

function nameOf(tool: z.infer<typeof namedTool>): string | undefined {
  if ("function" in tool) return tool.function.name;
  return "custom" in tool ? tool.custom.name : undefined;
}

/** The error for a choice that requires a call of a hosted tool. */
export function refuseHosted(param: string, type: string): VireoError {
  const why = `requires a call of ${type}, which this server does not run; send functions instead`;
  return refuse(param, why);
}

function refuse(param: string, why: string): VireoError {
  return new VireoError("out_of_range", `${param} ${why}`, { param });
}

export type ToolCallBody =
  | {
      readonly id: string;
      readonly type: "function";
      readonly function: { readonly name: string; readonly arguments: string };
    }
  | {
      readonly id: string;
      readonly type: "custom";
      readonly custom: { readonly name: string; readonly input: string };
    };

/** Aliases of tools, keyed by the model's name; tools without an alias are functions. */
export type ToolAliases = ReadonlyMap<string, ToolAlias>;

/** `call_<24 letters and digits>` */
export function newCallId(): string {
  return `call_${random62(24)}`;
}

export function toToolCall(call: ToolCall, aliases?: ToolAliases): ToolCallBody {
  const { name, arguments: given } = call;
  const alias = aliases?.get(name);
  if (alias?.custom === true) {
    const custom = { name: alias.name, input: customInput(call) };
    return { id: newCallId(), type: "custom", custom };
  }
  return { id: newCallId(), type: "function", function: { name, arguments: given } };
}

/** Splits the arguments of a call into pieces for deltas. */
export function* argumentPieces(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const piece = text.slice(at, fragmentEnd(text, at));
    yield piece;
    at += piece.length;
  }
}

/** The first delta of a call has its id and name; each further one has a piece of arguments. */
export interface ToolCallDelta {
  readonly index: number;
  readonly id?: string;
  readonly type?: "function" | "custom";
  readonly function?: { readonly name?: string; readonly arguments: string };
  readonly custom?: { readonly name?: string; readonly input: string };
}

/** Maximum size of a piece, in UTF-16 code units. */
const FRAGMENT_CHARACTERS = 1024;

export function toToolCallDeltas(
  call: ToolCall,
  index: number,
  aliases?: ToolAliases,
): ToolCallDelta[] {
  const body = toToolCall(call, aliases);
  const { id, type } = body;
  if (body.type === "custom") {
    const { name, input } = body.custom;
    const pieces = [...argumentPieces(input)].map((piece) => ({ index, custom: { input: piece } }));
    return [{ index, id, type, custom: { name, input: "" } }, ...pieces];
  }
  const { name, arguments: given } = body.function;
  const pieces = [...argumentPieces(given)].map((piece) => {
    return { index, function: { arguments: piece } };
  });
  return [{ index, id, type, function: { name, arguments: "" } }, ...pieces];
}

/** The end of a piece, never inside a surrogate pair. */
function fragmentEnd(text: string, start: number): number {
  const end = start + FRAGMENT_CHARACTERS;
  return (text.charCodeAt(end) & 0xfc00) === 0xdc00 ? end - 1 : end;
}
