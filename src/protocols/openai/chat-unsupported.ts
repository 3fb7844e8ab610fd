import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";

type Body = Readonly<Record<string, unknown>>;

const empty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;
const oneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);
const onlyText = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => entry === "text");
/** True for settings of videos only. The schema refuses values that are not objects. */
const onlyVideo = (value: unknown): boolean =>
  typeof value !== "object" || value === null || Object.keys(value).every((key) => key === "video");
const never = (): boolean => false;

/**
 * Unsupported fields that would change the answer. Each has a test for values without an effect,
 * which are accepted; null is always accepted.
 */
const UNSUPPORTED: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ["modalities", onlyText],
  ["audio", never],
  ["web_search_options", never],
  ["typical_p", oneOf(1)],
  ["best_of", oneOf(1)],
  ["use_beam_search", oneOf(false)],
  ["prompt_logprobs", oneOf(0)],
  ["echo", oneOf(false)],
  ["media_io_kwargs", onlyVideo],
  ["documents", empty],
]);

const UNSUPPORTED_PARTS: ReadonlyMap<unknown, string> = new Map([
  ["input_audio", "audio"],
  ["audio_url", "audio"],
]);

/** True for an unsupported field, which is accepted only in values without an effect. */
export function isRefusedField(name: string): boolean {
  return UNSUPPORTED.has(name);
}

/** Throws unsupported_parameter or unsupported_modality for unsupported fields and parts. */
export function refuseUnsupported(body: Body): void {
  for (const [param, isNeutral] of UNSUPPORTED) {
    const value = Object.hasOwn(body, param) ? body[param] : undefined;
    if (value === undefined || value === null || isNeutral(value)) continue;
    const message = `${param} is not supported by this server; leave it out`;
    throw new VireoError("unsupported_parameter", message, { param });
  }
  forEachPart(body, (part, param) => {
    const type = typeof part === "object" && part !== null && "type" in part ? part.type : "";
    const what = UNSUPPORTED_PARTS.get(type);
    if (what === undefined) return;
    const supported = "text, images, videos or PDFs";
    const message = `${param} is ${what}, which this server does not support; send ${supported}`;
    throw new VireoError("unsupported_modality", message, { param });
  });
}

/** Refuses lists that are too long, before their entries are visited. Throws out_of_range. */
export function refuseLongLists(body: Body): void {
  const refuse = (value: unknown, limit: number, param: string): void => {
    if (!Array.isArray(value) || value.length <= limit) return;
    const message = `${param} has ${value.length} entries; at most ${limit} are accepted`;
    throw new VireoError("out_of_range", message, { param });
  };
  refuse(body.messages, LIMITS.request.messages, "messages");
  refuse(body.stop, LIMITS.request.stopStrings, "stop");
  refuse(body.tools, LIMITS.request.tools, "tools");
  refuse(body.functions, LIMITS.request.tools, "functions");
  refuse(body.guided_choice, LIMITS.schema.nodes, "guided_choice");
  if (!Array.isArray(body.messages)) return;
  body.messages.forEach((message: unknown, index) => {
    if (typeof message !== "object" || message === null) return;
    const { content, tool_calls } = message as Body;
    refuse(content, LIMITS.request.partsPerMessage, `messages[${index}].content`);
    refuse(tool_calls, LIMITS.request.partsPerMessage, `messages[${index}].tool_calls`);
  });
}

function forEachPart(body: Body, visit: (part: unknown, param: string) => void): void {
  if (!Array.isArray(body.messages)) return;
  body.messages.forEach((message: unknown, index) => {
    if (typeof message !== "object" || message === null) return;
    const { content } = message as Body;
    if (!Array.isArray(content)) return;
    content.forEach((part: unknown, at) => {
      visit(part, `messages[${index}].content[${at}]`);
    });
  });
}
