import type { ChatRequest, DocumentPart, VideoPart } from "../../core/chat.ts";
import { type ErrorCode, VireoError } from "../../core/errors.ts";
import type { DocumentInspection, Inspector, VideoInspection } from "../../core/inspection.ts";
import type { ModelConfig } from "../../model/config.ts";
import type { MediaEmbedding } from "./media-embedding.ts";
import { type MediaOpener, type MediaStores, partsOf, type ThrowIfClosed } from "./open-media.ts";

export interface LookOptions {
  readonly config: ModelConfig;
  readonly stores: MediaStores;
  readonly media: MediaOpener;
  readonly check: ThrowIfClosed;
  readonly encode: (visual: MediaEmbedding, signal: AbortSignal) => Promise<void>;
}

/** Shows what the model is shown. A video is encoded, and the next question finds it so. */
export function createInspector({ config, stores, media, check, encode }: LookOptions): Inspector {
  return {
    async video(request, signal) {
      check();
      const part = onlyPart<VideoPart>(request, "video", "too_many_videos");
      return await media.alone(signal, async (until): Promise<VideoInspection> => {
        const { videoSampling = {} } = request;
        const { video, thumbnails } = await stores.videos.inspect(part, videoSampling, until);
        await encode(video.visual, until);
        const { width, height, fps, durationSeconds, total, frames } = video;
        const side = Math.sqrt(config.vision.tokensPerTile);
        return {
          width,
          height,
          ...(fps === undefined ? {} : { fps }),
          ...(durationSeconds === undefined ? {} : { durationSeconds }),
          totalFrames: total,
          frames: frames.map((frame, at) => ({ ...frame, jpeg: thumbnails[at]! })),
          columns: side,
          rows: side,
          ranks: video.visual.ranks(),
          pruningRate: stores.videos.defaultRate,
        };
      });
    },
    async document(request, signal) {
      check();
      const part = onlyPart<DocumentPart>(request, "document", "too_many_documents");
      return await media.alone(signal, (until): Promise<DocumentInspection> => {
        return stores.documents.look(part, until);
      });
    },
  };
}

/** Throws missing_required, or `tooMany`. */
function onlyPart<T extends VideoPart | DocumentPart>(
  request: ChatRequest,
  type: T["type"],
  tooMany: ErrorCode,
): T {
  const found = partsOf(request).filter((part): part is T => part.type === type);
  const [part] = found;
  if (part !== undefined && found.length === 1) return part;
  const message = `messages hold ${found.length} ${type}s; send one to look at`;
  const code = part === undefined ? "missing_required" : tooMany;
  throw new VireoError(code, message, { param: "messages" });
}
