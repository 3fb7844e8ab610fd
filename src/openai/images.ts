import type { ChatMessage, ChatRequest, ContentPart, ImagePart } from "../core/chat.ts";
import { decodeImageUrl } from "./data-url.ts";

/** A picture that is still to be fetched; until then it has no bytes. */
export interface RemoteImage extends ImagePart {
  readonly url: string;
  /** The field that names it. */
  readonly param: string;
}

const NO_BYTES = new Uint8Array(0);

/**
 * The picture at a URL: the bytes of a data: URL, or for http and https a RemoteImage.
 *
 * Throws what decodeImageUrl throws.
 */
export function toImagePart(url: string, param: string): ImagePart {
  if (!/^\s*https?:/i.test(url.slice(0, 64))) {
    return { type: "image", bytes: decodeImageUrl(url, param) };
  }
  const remote: RemoteImage = { type: "image", bytes: NO_BYTES, url, param };
  return remote;
}

function isRemote(part: ContentPart): part is RemoteImage {
  return part.type === "image" && "url" in part;
}

/** Pictures of a request that have to be fetched before it can be answered. */
export function remoteImages({ messages }: ChatRequest): RemoteImage[] {
  return messages.flatMap(({ content }) =>
    typeof content === "string" ? [] : content.filter(isRemote),
  );
}

/** The same messages with what was fetched in place of URLs. */
export function withFetched(
  messages: readonly ChatMessage[],
  files: ReadonlyMap<string, Uint8Array>,
): ChatMessage[] {
  return messages.map((message): ChatMessage => {
    if (typeof message.content === "string") return message;
    const content = message.content.map((part): ContentPart => {
      const bytes = isRemote(part) ? files.get(part.url) : undefined;
      return bytes === undefined ? part : { type: "image", bytes };
    });
    return { ...message, content };
  });
}
