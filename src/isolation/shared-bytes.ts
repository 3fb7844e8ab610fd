import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChatRequest, ContentPart } from "../core/chat.ts";

/** A request without its callbacks, which no other process can call. */
export type PlainRequest = Omit<ChatRequest, "onUsage" | "onAdmitted">;

/** Larger media are passed in temporary files: in messages both event loops would copy them. */
const INLINE_BYTES = 512 * 1024;

/** A request whose large media are in files. */
export interface SharedRequest {
  readonly request: PlainRequest;
  /** One entry for each media file of the request, in order; undefined: it is in the request. */
  readonly paths: readonly (string | undefined)[];
}

/**
 * Prepares a request for another process: leaves out its callbacks and moves its large media to
 * temporary files in a folder; only this user can read them. If one cannot be written, none is
 * left.
 */
export async function shareMedia(request: ChatRequest, folder: string): Promise<SharedRequest> {
  const { onAdmitted: _, onUsage: __, ...plain } = request;
  const paths: (string | undefined)[] = [];
  try {
    return await share(plain, folder, paths);
  } catch (error) {
    await removeShared(paths);
    throw error;
  }
}

/** Adds the path of each file to `paths` before it is written. */
async function share(
  request: PlainRequest,
  folder: string,
  paths: (string | undefined)[],
): Promise<SharedRequest> {
  const shared = await withMedia(request, async (bytes) => {
    const isLarge = bytes.length > INLINE_BYTES;
    const path = isLarge ? join(folder, randomBytes(12).toString("hex")) : undefined;
    paths.push(path);
    if (path === undefined) return bytes;
    await writeFile(path, bytes, { mode: 0o600, flag: "wx" });
    return new Uint8Array();
  });
  return { request: shared, paths };
}

/** Reads the media that shareMedia moved to files. */
export function receiveMedia({ request, paths }: SharedRequest): Promise<PlainRequest> {
  const rest = paths.values();
  return withMedia(request, async (bytes) => {
    const path = rest.next().value;
    return path === undefined ? bytes : await readFile(path);
  });
}

/** Returns the bytes that take the place of others. */
type Replace = (bytes: Uint8Array) => Promise<Uint8Array>;

/** Removes the temporary files of a request. */
export async function removeShared(paths: SharedRequest["paths"]): Promise<void> {
  await Promise.all(paths.map((path) => path && rm(path, { force: true })));
}

/** A copy of the request in which all bytes of media are replaced. */
async function withMedia(request: PlainRequest, replace: Replace): Promise<PlainRequest> {
  const holdsMedia = request.messages.some(
    ({ content }) => typeof content !== "string" && content.some(({ type }) => type !== "text"),
  );
  if (!holdsMedia) return request;
  const messages = [];
  for (const message of request.messages) {
    if (typeof message.content === "string") messages.push(message);
    else {
      const content: ContentPart[] = [];
      for (const part of message.content) content.push(await partWith(part, replace));
      messages.push({ ...message, content });
    }
  }
  return { ...request, messages };
}

async function partWith(part: ContentPart, replace: Replace): Promise<ContentPart> {
  switch (part.type) {
    case "text":
      return part;
    case "document":
      return { ...part, bytes: await replace(part.bytes) };
    case "image": {
      const bytes = await replace(part.bytes);
      if (part.pixels === undefined) return { ...part, bytes };
      return { ...part, bytes, pixels: { ...part.pixels, rgb: await replace(part.pixels.rgb) } };
    }
    case "video": {
      const bytes = await replace(part.bytes);
      if (part.frames === undefined) return { ...part, bytes };
      const frames: Uint8Array[] = [];
      for (const frame of part.frames) frames.push(await replace(frame));
      return { ...part, bytes, frames };
    }
  }
}
