// Cases of the tokenizer and the chat template.

import type { ChatMessage, ContentPart } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { buildPrompt, type ImageIds, type Prompt, type PromptVideo } from "../inputs/prompt.ts";
import type { TextFiles } from "../inputs/text-files.ts";
import type { PromptPiece } from "../text/template.ts";
import type { CaseFile } from "./case-files.ts";
import type { Comparison } from "./comparison.ts";

export interface GoldenMessage {
  readonly role: ChatMessage["role"];
  readonly content: string | null | readonly { readonly type: string; readonly text?: string }[];
  readonly tool_calls?: readonly {
    readonly function: { readonly name: string; readonly arguments: unknown };
  }[];
}

interface TokenizerCase {
  readonly cases: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly decoded: string;
    readonly decoded_skip_special: string;
  }[];
}

interface ChatCase {
  readonly cases: readonly {
    readonly messages: readonly GoldenMessage[];
    readonly tools?: readonly Readonly<Record<string, unknown>>[];
    readonly prompt: string;
    readonly ids: readonly number[];
  }[];
}

export function compareTokenizer(text: TextFiles, file: CaseFile, comparison: Comparison): void {
  const { cases } = file.json as unknown as TokenizerCase;
  const { tokenizer } = text;
  for (const entry of cases) {
    const ids = tokenizer.encodeWithAdded(entry.text);
    comparison.same(`ids of ${entry.text}`, ids.join(" "), entry.ids.join(" "));
    const decode = (skipSpecial: boolean) => tokenizer.decode(entry.ids, { skipSpecial });
    comparison.same("decoded text", decode(false), entry.decoded);
    comparison.same("decoded text", decode(true), entry.decoded_skip_special);
  }
  comparison.note(`${cases.length} texts`);
}

export function compareChat(text: TextFiles, file: CaseFile, comparison: Comparison): void {
  const { cases } = file.json as unknown as ChatCase;
  for (const [index, { messages, tools, prompt, ids }] of cases.entries()) {
    const options = tools === undefined ? {} : { tools };
    const { pieces } = text.template.render(toMessages(messages, []), options);
    comparison.same(`prompt ${index}`, textOf(text, pieces), prompt);
    // These ids have each image and video as one placeholder, without tags and not multiplied.
    const found = pieces.flatMap((piece) => {
      if (piece.kind === "text") return text.tokenizer.encodeText(piece.text);
      return piece.kind === "control" ? piece.id : (text.tokenizer.idOf(`<${piece.kind}>`) ?? -1);
    });
    comparison.same(`ids ${index}`, found.join(" "), ids.join(" "));
  }
  comparison.note(`${cases.length} chats`);
}

/** Images are taken from `images` in the order of their places. */
export function toMessages(
  messages: readonly GoldenMessage[],
  images: readonly Uint8Array[],
): ChatMessage[] {
  let next = 0;
  const toPart = ({ type, text }: { type: string; text?: string }): ContentPart => {
    if (type === "text") return { type, text: text ?? "" };
    if (type.startsWith("video")) return { type: "video", bytes: new Uint8Array(0) };
    return { type: "image", bytes: images[next++] ?? new Uint8Array(0) };
  };
  return messages.map(({ role, content, tool_calls }) => {
    const toolCalls = tool_calls?.map(({ function: { name, arguments: given } }) => ({
      name,
      arguments: typeof given === "string" ? given : pythonJson(given),
    }));
    return {
      role,
      content: typeof content === "string" ? content : (content ?? []).map(toPart),
      ...defined({ toolCalls }),
    };
  });
}

/** JSON with the blanks that Python's json.dumps puts in. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([key, entry]) => `${JSON.stringify(key)}: ${pythonJson(entry)}`,
  );
  return `{${entries.join(", ")}}`;
}

export function textOf({ tokenizer }: TextFiles, pieces: readonly PromptPiece[]): string {
  const contents = new Map(tokenizer.addedTokens.map(({ id, content }) => [id, content]));
  return pieces
    .map((piece) => {
      if (piece.kind === "text") return piece.text;
      if (piece.kind !== "control") return `<${piece.kind}>`;
      return contents.get(piece.id) ?? `?${piece.id}?`;
    })
    .join("");
}

export function promptOf(
  { tokenizer }: TextFiles,
  pieces: readonly PromptPiece[],
  imageTokens: readonly number[],
  names: { readonly image: string; readonly imageStart: string; readonly imageEnd: string },
  videos: readonly PromptVideo[] = [],
): Prompt {
  const id = (content: string): number => {
    const found = tokenizer.idOf(content);
    if (found === undefined) throw new Error(`the tokenizer has no ${content}`);
    return found;
  };
  const imageIds: ImageIds = {
    begin: id(names.imageStart),
    placeholder: id(names.image),
    end: id(names.imageEnd),
  };
  return buildPrompt({ pieces, tokenizer, imageTokens, videos, imageIds });
}
