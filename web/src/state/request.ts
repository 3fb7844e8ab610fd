import type { ChatBody, MediaPart, WireMessage } from "../api/types.ts";
import {
  type Answer,
  filesOf,
  type MediaFile,
  type Message,
  type Picture,
  type Question,
} from "../conversation/model.ts";
import { inspectSchema, inspectTools } from "./inspect.ts";
import { NUMBERS, type NumberField, type Settings } from "./settings.ts";

/** The number of alternatives that are requested for each token. */
const ALTERNATIVES = 5;

/** The request field of each number setting. */
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

export type UrlOf = (stored: Picture | MediaFile) => string;

/**
 * Builds the request for the next answer, without its streaming options.
 *
 * urlOf: returns the URL of a picture or file: its data, a blank picture or a placeholder for code.
 */
export function requestBody(
  messages: readonly Message[],
  settings: Settings,
  urlOf: UrlOf,
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
    ...media(settings, filesOf(messages)),
    ...tools(settings),
    ...responseFormat(settings),
    ...(settings.logprobs ? { logprobs: true, top_logprobs: ALTERNATIVES } : {}),
  };
}

/** Builds the request as it is sent: streamed, with usage. */
export function streamed(body: ChatBody): ChatBody {
  return { ...body, stream: true, stream_options: { include_usage: true } };
}

/** Builds the body that inspects a video or pages of a document. pages: for example "2-9". */
export function inspectionBody(
  file: MediaFile,
  settings: Settings,
  url: string,
  pages?: string,
): ChatBody {
  const part = toPart(file, url);
  const some = part.type === "file" && pages ? { ...part, file: { ...part.file, pages } } : part;
  const messages = [{ role: "user" as const, content: [some] }];
  return { model: settings.model, messages, ...media({ ...settings, maxTiles: "" }, [file]) };
}

function toWire(message: Message, urlOf: UrlOf): WireMessage[] {
  switch (message.role) {
    case "user":
      return [userToWire(message, urlOf)];
    case "assistant":
      return answerToWire(message);
    case "tool":
      return [{ role: "tool", tool_call_id: message.callId, content: message.text }];
  }
}

function userToWire({ text, pictures, files = [] }: Question, urlOf: UrlOf): WireMessage {
  const shown = [...pictures, ...files];
  if (shown.length === 0) return { role: "user", content: text };
  const textPart = text === "" ? [] : [{ type: "text" as const, text }];
  return { role: "user", content: [...shown.map((one) => toPart(one, urlOf(one))), ...textPart] };
}

function toPart(stored: Picture | MediaFile, url: string): MediaPart {
  if (!("kind" in stored)) return { type: "image_url", image_url: { url } };
  if (stored.kind === "video") return { type: "video_url", video_url: { url } };
  return { type: "file", file: { filename: stored.name, file_data: url } };
}

/** Omits answers without content and calls that were cut off. */
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
  const limit = budget === undefined ? {} : { max_tokens: budget };
  return { reasoning: { enabled: true, ...limit } };
}

/** Builds the media options. Sampling and pruning of videos are omitted if there are no videos. */
function media(settings: Settings, files: readonly MediaFile[]): object {
  const hasVideo = files.some(({ kind }) => kind === "video");
  const given = (name: string, field: NumberField, applies: boolean): object => {
    const value = applies ? numberOf(settings[field]) : undefined;
    return value === undefined ? {} : { [name]: value };
  };
  const processing = {
    ...given("max_num_tiles", "maxTiles", true),
    ...given("video_pruning_rate", "videoPruning", hasVideo),
  };
  const sampling = {
    ...given("fps", "videoFps", hasVideo),
    ...given("num_frames", "videoFrames", hasVideo),
  };
  return {
    ...(Object.keys(processing).length === 0 ? {} : { mm_processor_kwargs: processing }),
    ...(Object.keys(sampling).length === 0 ? {} : { media_io_kwargs: { video: sampling } }),
  };
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
