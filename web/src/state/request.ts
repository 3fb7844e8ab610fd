import type { ChatBody, ImagePart, WireMessage } from "../api/types.ts";
import type { Answer, Message, Picture, Question } from "./conversation.ts";
import { inspectSchema, inspectTools } from "./inspect.ts";
import { NUMBERS, type NumberField, type Settings } from "./settings.ts";

/** How many alternatives are asked for with each token. */
const ALTERNATIVES = 5;

/** The name of every number field in a request. */
const PARAMETERS: Readonly<Partial<Record<NumberField, string>>> = {
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  maxTokens: "max_tokens",
  seed: "seed",
  frequencyPenalty: "frequency_penalty",
  presencePenalty: "presence_penalty",
  repetitionPenalty: "repetition_penalty",
};

/**
 * The request for the next answer, without its streaming options.
 *
 * urlOf: what stands for a picture – its data, a stand-in, or a placeholder in code.
 */
export function requestBody(
  messages: readonly Message[],
  settings: Settings,
  urlOf: (picture: Picture) => string,
): ChatBody {
  const system = settings.system.trim();
  return {
    model: settings.model,
    messages: [
      ...(system === "" ? [] : [{ role: "system" as const, content: system }]),
      ...messages.flatMap((message) => toWire(message, urlOf)),
    ],
    ...numbers(settings),
    ...stops(settings.stop),
    ...reasoning(settings),
    ...tiles(settings),
    ...tools(settings),
    ...responseFormat(settings),
    ...(settings.logprobs ? { logprobs: true, top_logprobs: ALTERNATIVES } : {}),
  };
}

/** The same, as it is sent. */
export function streamed(body: ChatBody): ChatBody {
  return { ...body, stream: true, stream_options: { include_usage: true } };
}

function toWire(message: Message, urlOf: (picture: Picture) => string): WireMessage[] {
  switch (message.role) {
    case "user":
      return [userToWire(message, urlOf)];
    case "assistant":
      return answerToWire(message);
    case "tool":
      return [{ role: "tool", tool_call_id: message.callId, content: message.text }];
  }
}

function userToWire({ text, pictures }: Question, urlOf: (p: Picture) => string): WireMessage {
  if (pictures.length === 0) return { role: "user", content: text };
  const images = pictures.map(
    (picture): ImagePart => ({ type: "image_url", image_url: { url: urlOf(picture) } }),
  );
  const said = text === "" ? [] : [{ type: "text" as const, text }];
  return { role: "user", content: [...images, ...said] };
}

/** An answer that never began is left out, and so are calls that were cut off. */
function answerToWire(answer: Answer): WireMessage[] {
  const calls = answer.status === "done" ? answer.toolCalls : [];
  if (answer.text === "" && calls.length === 0) return [];
  const toolCalls = calls.map(({ id, name, arguments: args }) => ({
    id,
    type: "function" as const,
    function: { name, arguments: args },
  }));
  return [
    {
      role: "assistant",
      content: answer.text,
      ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
    },
  ];
}

function numbers(settings: Settings): Readonly<Record<string, number>> {
  const given: Record<string, number> = {};
  for (const field of Object.keys(NUMBERS) as NumberField[]) {
    const parameter = PARAMETERS[field];
    const value = numberOf(settings[field]);
    if (parameter !== undefined && value !== undefined) given[parameter] = value;
  }
  return given;
}

function numberOf(text: string): number | undefined {
  return text.trim() === "" ? undefined : Number(text);
}

function stops(text: string): { readonly stop?: readonly string[] } {
  const stop = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replaceAll("\\n", "\n").replaceAll("\\t", "\t"));
  return stop.length === 0 ? {} : { stop };
}

function reasoning({ reasoning: mode, reasoningBudget }: Settings): object {
  if (mode === "auto") return {};
  if (mode === "off") return { reasoning: { enabled: false } };
  const budget = numberOf(reasoningBudget);
  const most = budget === undefined ? {} : { max_tokens: budget };
  return { reasoning: { enabled: true, ...most } };
}

function tiles({ maxTiles }: Settings): object {
  const most = numberOf(maxTiles);
  return most === undefined ? {} : { mm_processor_kwargs: { max_num_tiles: most } };
}

function tools(settings: Settings): object {
  const read = inspectTools(settings.tools);
  if ("problem" in read || read.tools.length === 0) return {};
  const { toolChoice, parallelToolCalls } = settings;
  const names = read.tools.map((tool) => tool.function.name);
  const named = names.includes(toolChoice);
  const choice = named ? { type: "function", function: { name: toolChoice } } : toolChoice;
  const known = named || ["none", "required"].includes(toolChoice);
  return {
    tools: read.tools,
    ...(known ? { tool_choice: choice } : {}),
    ...(parallelToolCalls ? {} : { parallel_tool_calls: false }),
  };
}

function responseFormat({ format, schema }: Settings): object {
  if (format === "text") return {};
  if (format === "json_object") return { response_format: { type: "json_object" } };
  const read = inspectSchema(schema);
  if ("problem" in read) return {};
  return { response_format: { type: "json_schema", json_schema: read } };
}
