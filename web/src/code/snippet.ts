import type { ChatBody, ImagePart, TextPart } from "../api/types.ts";

/** A request, and where it goes. */
export interface CodeRequest {
  /** As http://127.0.0.1:8000/v1 */
  readonly baseUrl: string;
  readonly body: ChatBody;
  /** The server asks for a key; code reads it from the environment. */
  readonly needsKey: boolean;
}

/** The environment variable that code reads the key from. */
export const KEY_VARIABLE = "VIREO_API_KEY";

const PLACEHOLDER = "vireo-picture:";

/** What stands for a picture in the body that code is made of. */
export function pictureUrl(type: string, name: string): string {
  return `${PLACEHOLDER}${type}:${fileNameOf(name)}`;
}

export interface PicturePlace {
  readonly type: string;
  readonly file: string;
}

/** The picture that an address stands for, or undefined for any other. */
export function pictureOf(url: string): PicturePlace | undefined {
  if (!url.startsWith(PLACEHOLDER)) return undefined;
  const [type = "image/png", file = "picture.png"] = url.slice(PLACEHOLDER.length).split(":");
  return { type, file };
}

/** A name that needs no quoting in any of the languages. */
function fileNameOf(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "");
  return plain === "" ? "picture.png" : plain;
}

/** Parameters of the API that the official OpenAI clients name themselves. */
export const OPENAI_PARAMETERS: readonly string[] = [
  "model",
  "messages",
  "temperature",
  "top_p",
  "max_tokens",
  "seed",
  "stop",
  "frequency_penalty",
  "presence_penalty",
  "logprobs",
  "top_logprobs",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "response_format",
  "stream",
  "stream_options",
];

export function isImagePart(part: TextPart | ImagePart): part is ImagePart {
  return part.type === "image_url";
}
