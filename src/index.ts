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
  Upstream,
  UpstreamModel,
  Usage,
  VideoPart,
  VideoSampling,
} from "./core/chat.ts";
export { GREEDY } from "./core/chat.ts";
export { type ErrorCode, VireoError } from "./core/errors.ts";
export {
  type Extraction,
  type ExtractOptions,
  extract,
  type PageAnswer,
} from "./extract/extract.ts";
export type { Conflict, Evidence } from "./extract/merge.ts";
export { listSchemas, readSchema } from "./extract/schemas.ts";
export { FileStore, type FileStoreOptions } from "./files/store.ts";
export type { VideoGlueName } from "./media/frames.ts";
export type { DecodedVideo, DecodeOptions, VideoDecoder } from "./media/video-decoder.ts";
export { formatInspection, type Inspection, inspectCheckpoint } from "./model/inspect.ts";
export { Engine, type EngineInfo, type EngineOptions, open } from "./runtime/engine.ts";
export { Estimator, type EstimatorOptions } from "./runtime/estimator.ts";
export type { VideoOptions } from "./runtime/videos.ts";
export { createApp } from "./server/app.ts";
export type { AppOptions } from "./server/context.ts";
export { type ListenOptions, listen } from "./server/listen.ts";
