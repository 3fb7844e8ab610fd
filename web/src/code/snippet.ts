import type { ChatBody } from "../api/types.ts";

/** A request and the address of its server. */
export interface CodeRequest {
  /** For example http://127.0.0.1:8000/v1. */
  readonly baseUrl: string;
  readonly body: ChatBody;
  /** The server asks for a key; code reads it from the environment. */
  readonly needsKey: boolean;
}

/** The environment variable that code reads the key from. */
export const KEY_VARIABLE = "VIREO_API_KEY";

const PLACEHOLDER = "vireo-file:";

/** The placeholder of a picture or file in the body that code is written for. */
export function fileUrl(type: string, name: string): string {
  return `${PLACEHOLDER}${type}:${encodeURIComponent(fileNameOf(name))}`;
}

export interface FilePlace {
  readonly type: string;
  /** Any name without a slash: to be quoted. */
  readonly file: string;
}

/** The file of a placeholder, or undefined for any other address. */
export function fileOf(url: string): FilePlace | undefined {
  // A user's text can look like a placeholder, so only well-formed ones are replaced.
  const [, type, file] = /^vireo-file:([\w.+-]+\/[\w.+-]+):([\w.!~*'()%-]+)$/.exec(url) ?? [];
  if (type === undefined || file === undefined) return undefined;
  try {
    return { type, file: fileNameOf(decodeURIComponent(file)) };
  } catch {
    return undefined; // Not valid percent-encoding.
  }
}

/** Returns a safe name for the file in the folder in which the code runs. */
function fileNameOf(name: string): string {
  const plain = name.replace(/[/\\\p{Cc}\p{Cs}]+/gu, "-");
  return /^\.*$/.test(plain) ? "file" : plain;
}

/** API parameters that the official OpenAI clients know. */
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
