// The public API, by use: the engine (open, Engine), requests and their events, counting without
// weights (Estimator), checkpoints (inspectCheckpoint), the server (createApp, listen), data from
// documents (extract), questions about videos (askVideo, captionVideo), and errors.

export type {
  ChatEvent,
  ChatMessage,
  ChatRequest,
  ChosenToken,
  ContentPart,
  DocumentPart,
  ImagePart,
  OutputFormat,
  PageOptions,
  ReasoningOptions,
  SamplingOptions,
  TextPart,
  Timings,
  ToolCall,
  ToolChoice,
  ToolDefinition,
  Usage,
  VideoPart,
  VideoSampling,
} from "./core/chat.ts";
export { GREEDY } from "./core/chat.ts";
export { type ErrorCode, VireoError } from "./core/errors.ts";
export type { EstimateOptions, PredictedTime, PromptEstimate } from "./core/estimate.ts";
export type {
  DocumentInspection,
  FailedPage,
  Inspector,
  PageInspection,
  VideoInspection,
} from "./core/inspection.ts";
export type { Upstream, UpstreamModel } from "./core/upstream.ts";
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
export { FileStore, type FileStoreOptions } from "./files/store.ts";
export { Estimator, type EstimatorOptions } from "./inputs/estimator.ts";
export type { VideoOptions } from "./inputs/media/video-settings.ts";
export { type CheckpointReport, inspectFolder } from "./inspect/report.ts";
export type { VideoGlueName } from "./media/frames.ts";
export type {
  DecodedVideo,
  DecodeOptions,
  PlanOptions,
  VideoDecoder,
  VideoPlan,
} from "./media/video-decoder.ts";
export { formatInspection, type Inspection, inspectCheckpoint } from "./model/inspect.ts";
export { Engine, open } from "./runtime/engine.ts";
export type { EngineInfo, EngineOptions } from "./runtime/engine-options.ts";
export { createApp } from "./server/app.ts";
export type { AppOptions } from "./server/context.ts";
export { type ListenOptions, listen } from "./server/listen.ts";
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
