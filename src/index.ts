// The public API, grouped by use. docs/library.md introduces it with examples.

// Open a model and ask it.

export type {
  ChatEvent,
  ChatMessage,
  ChatRequest,
  ChosenToken,
  OutputFormat,
  ReasoningOptions,
  SamplingOptions,
  Timings,
  ToolCall,
  ToolChoice,
  ToolDefinition,
  Usage,
} from "./core/chat.ts";
export { GREEDY } from "./core/chat.ts";
export { Engine, open } from "./runtime/engine.ts";
export type { EngineInfo, EngineOptions } from "./runtime/engine-options.ts";

// Pictures, documents and videos in a request.

export type {
  ContentPart,
  DocumentPart,
  ImagePart,
  PageOptions,
  TextPart,
  VideoPart,
  VideoSampling,
} from "./core/chat.ts";
export type { VideoOptions } from "./inputs/media/video-settings.ts";
export type { VideoGlueName } from "./media/frames.ts";

// Count tokens without weights.

export type { EstimateOptions, PredictedTime, PromptEstimate } from "./core/estimate.ts";
export { Estimator, type EstimatorOptions } from "./inputs/estimator.ts";

// Serve a model over HTTP.

export { FileStore, type FileStoreOptions } from "./files/store.ts";
export { createApp } from "./server/app.ts";
export type { AppOptions } from "./server/context.ts";
export { type ListenOptions, listen } from "./server/listen.ts";

// Extract data from documents.

export {
  type ExtractEvent,
  type Extraction,
  type ExtractOptions,
  extract,
  extractionOf,
  type PageAnswer,
} from "./extract/extract.ts";
export type { Conflict, Evidence } from "./extract/merge.ts";
export { listSchemas, readSchema } from "./extract/schemas.ts";

// Ask about videos of any length, and caption them.

export {
  type CaptionEvent,
  type CaptionOptions,
  captionsOf,
  captionVideo,
  chaptersOf,
} from "./video/captions.ts";
export { type Caption, toSrt, toVtt } from "./video/subtitles.ts";
export {
  askVideo,
  type VideoAnswer,
  type VideoEvent,
  videoAnswerOf,
  type WatchOptions,
  type WindowAnswer,
  type WindowEvent,
} from "./video/watch.ts";

// Inspect a checkpoint.

export { type CheckpointReport, inspectFolder } from "./inspect/report.ts";
export { formatInspection, type Inspection, inspectCheckpoint } from "./model/inspect.ts";

// Errors.

export { type ErrorCode, VireoError } from "./core/errors.ts";

// Implement your own upstream or video decoder.

export type {
  DocumentInspection,
  FailedPage,
  Inspector,
  PageInspection,
  VideoInspection,
} from "./core/inspection.ts";
export type { Upstream, UpstreamModel } from "./core/upstream.ts";
export type {
  DecodedVideo,
  DecodeOptions,
  PlanOptions,
  VideoDecoder,
  VideoPlan,
} from "./media/video-decoder.ts";
