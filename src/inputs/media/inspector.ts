import type { ChatRequest, DocumentPart, VideoPart } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { type ErrorCode, VireoError } from "../../core/errors.ts";
import type { DocumentInspection, Inspector, VideoInspection } from "../../core/inspection.ts";
import type { ModelConfig } from "../../model/config.ts";
import type { Encoder } from "./encode-queue.ts";
import { type MediaOpener, type MediaStores, partsOf } from "./open-media.ts";

export interface InspectorOptions {
  readonly config: ModelConfig;
  readonly stores: MediaStores;
  readonly media: MediaOpener;
  /** Takes a place among the waiting requests until the inspection ends. May throw. */
  readonly enter: (request: ChatRequest) => { readonly leave: () => void };
  readonly encoder: Encoder;
}

/**
 * Creates the inspector, which shows media as the model sees them. It encodes videos, so that the
 * next request finds them in the cache.
 */
export function createInspector(options: InspectorOptions): Inspector {
  const { config, stores, media, enter, encoder } = options;
  return {
    async video(request, signal) {
      const part = onlyPart<VideoPart>(request, "video", "too_many_videos");
      const { leave } = enter(request);
      const inspection = media.runTracked(signal, async (linked): Promise<VideoInspection> => {
        const { videoSampling: sampling = {} } = request;
        const owner = media.ownerOf(request);
        const options = { sampling, owner, signal: linked };
        const { video, thumbnails } = await stores.videos.inspect(part, options);
        await encoder.encode(video.embedding, owner.tenant, linked);
        const { width, height, fps, durationSeconds, total, frames } = video;
        const side = Math.sqrt(config.vision.tokensPerTile);
        return {
          width,
          height,
          ...defined({ fps, durationSeconds }),
          totalFrames: total,
          frames: frames.map((frame, at) => ({ ...frame, jpeg: thumbnails[at]! })),
          columns: side,
          rows: side,
          ranks: video.embedding.ranks(),
          pruningRate: stores.videos.defaultRate,
        };
      });
      return await inspection.finally(leave);
    },
    async document(request, signal) {
      const part = onlyPart<DocumentPart>(request, "document", "too_many_documents");
      const { leave } = enter(request);
      const inspection = media.runTracked(signal, (linked): Promise<DocumentInspection> => {
        return stores.documents.inspect(part, { owner: media.ownerOf(request), signal: linked });
      });
      return await inspection.finally(leave);
    },
  };
}

/** The request's only part of that type. Throws missing_required or `tooMany`. */
function onlyPart<T extends VideoPart | DocumentPart>(
  request: ChatRequest,
  type: T["type"],
  tooMany: ErrorCode,
): T {
  const found = partsOf(request).filter((part): part is T => part.type === type);
  const [part] = found;
  if (part !== undefined && found.length === 1) return part;
  const message = `messages hold ${found.length} ${type}s; send exactly one`;
  const code = part === undefined ? "missing_required" : tooMany;
  throw new VireoError(code, message, { param: "messages" });
}
