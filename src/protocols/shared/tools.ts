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

/** Tools as the protocol has them: what may be asked for, and how calls are answered. */

const namedFunction = z.object({
  type: z.literal("function"),
  function: z.object({ name: toolName }),
});
const namedTool = z.union([
  namedFunction,
  z.object({ type: z.literal("custom"), custom: z.object({ name: toolName }) }),
  hostedTool,
]);

/** Fields of a chat body that have to do with tools. `functions` is what they were once called. */
export const toolFields = {
  tools: z
    .array(
      z.union([
        z.object({ type: z.literal("function"), function: functionDefinition }),
        z.object({ type: z.literal("custom"), custom: customDefinition }),
        hostedTool,
      ]),
    )
    .max(LIMITS.toolsPerRequest)
    .nullish(),
  functions: z.array(functionDefinition).max(LIMITS.toolsPerRequest).nullish(),
  tool_choice: z
    .union([
      z.enum(["none", "auto", "required"]),
      z.object({
        type: z.literal("allowed_tools"),
        allowed_tools: z.object({
          mode: z.enum(["auto", "required"]),
          tools: z.array(namedTool).min(1).max(LIMITS.toolsPerRequest),
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

/** Throws a VireoError for tools that contradict each other or the choice among them. */
export function parseTools(body: ToolBody): {
  readonly wanted: ParsedTools;
  readonly offer: ToolOffer;
} {
  const tools = body.tools ?? [];
  const functions = body.functions ?? [];
  if (tools.length > 0 && functions.length > 0) {
    throw refuse("functions", "is the old name of tools; send one of them");
  }
  const collector = new ToolCollector();
  tools.forEach((tool, index) => {
    if ("function" in tool) collector.addFunction(tool.function, `tools[${index}].function`);
    else if ("custom" in tool) collector.addCustom(tool.custom, `tools[${index}].custom`);
    else collector.leaveOut(tool.type);
  });
  functions.forEach((definition, index) => {
    collector.addFunction(definition, `functions[${index}]`);
  });
  const offer = collector.offer();
  const parallel = body.parallel_tool_calls ?? (body.functions ? false : undefined);
  return { wanted: chooseTools(offer.definitions, parseChoice(body), parallel), offer };
}

/** Throws a VireoError for a choice among tools that are not there. */
export function chooseTools(
  listed: readonly ToolDefinition[],
  asked: AskedChoice,
  parallel?: boolean | null,
): ParsedTools {
  if (listed.length === 0 || asked.allowed?.length === 0) {
    if (asked.choice !== "auto" && asked.choice !== "none") {
      throw refuse(asked.param, "asks for a call, but there are no tools that are run by callers");
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

/** For a choice that forces a tool which only the protocol's own servers run. */
export function refuseHosted(param: string, type: string): VireoError {
  const why = `asks for a call of ${type}, which this server does not run; send functions instead`;
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

/** How calls are named in the answer; functions where nothing is said. */
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
  readonly type?: "function" | "custom";
  readonly function?: { readonly name?: string; readonly arguments: string };
  readonly custom?: { readonly name?: string; readonly input: string };
}

/** Characters of arguments in one delta. */
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

/** Not in the middle of a surrogate pair. */
function fragmentEnd(text: string, start: number): number {
  const end = start + FRAGMENT_CHARACTERS;
  return (text.charCodeAt(end) & 0xfc00) === 0xdc00 ? end - 1 : end;
}
