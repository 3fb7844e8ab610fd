import type { FailedAttempt } from "./failed-attempt.ts";

/**
 * The closed list of error codes that a caller or an operator can act on.
 * `protocols/shared/errors.ts` holds the one table from code to HTTP status.
 */
export type ErrorCode =
  // the caller's request
  | "invalid_json"
  | "missing_required"
  | "invalid_type"
  | "out_of_range"
  | "unsupported_parameter"
  | "unsupported_modality"
  | "zdr_unavailable"
  | "context_length_exceeded"
  | "invalid_schema"
  | "invalid_media"
  | "media_undecodable"
  | "unsupported_media_type"
  | "media_too_large"
  | "too_many_images"
  | "too_many_videos"
  | "video_too_long"
  | "too_many_documents"
  | "too_many_pages"
  | "body_too_large"
  | "headers_too_large"
  | "malformed_http"
  | "media_fetch_blocked"
  | "media_fetch_failed"
  | "invalid_multipart"
  | "file_not_found"
  | "response_not_found"
  | "upload_closed"
  | "storage_full"
  | "storage_unavailable"
  | "invalid_api_key"
  | "missing_api_key"
  | "model_not_found"
  | "unknown_url"
  | "not_implemented"
  | "method_not_allowed"
  | "host_not_allowed"
  | "operator_key_required"
  | "idempotency_conflict"
  | "idempotency_in_progress"
  // a provider to which requests are forwarded
  | "no_provider_available"
  | "upstream_rejected"
  | "upstream_refused"
  | "upstream_unavailable"
  | "upstream_invalid_response"
  | "upstream_timeout"
  // the operator's set-up
  | "invalid_checkpoint"
  | "unsupported_checkpoint"
  | "invalid_option"
  | "out_of_memory"
  | "backend_unavailable"
  // the moment
  | "queue_full"
  | "server_busy"
  | "rate_limited"
  | "engine_loading"
  | "engine_closed"
  | "engine_restarted"
  | "request_timeout"
  | "client_too_slow"
  | "internal_error";

type Scalar = string | number | boolean;

/** Values for the client: numbers, words, or a list of flat records. */
export type ErrorMetadata = Readonly<
  Record<string, Scalar | readonly Readonly<Record<string, Scalar>>[]>
>;

export interface ErrorDetails {
  /** Path of the offending field, for example `messages[0].content`. */
  readonly param?: string;
  /** Values that help the caller, such as limits and counts. Never secrets, paths or addresses. */
  readonly metadata?: ErrorMetadata;
  readonly retryAfterMs?: number;
  /** The attempt at a provider that ended with this error. */
  readonly attempt?: FailedAttempt;
  readonly cause?: unknown;
}

/**
 * The only error class. The message states what was received, what was expected and what to do.
 *
 * @example
 * try {
 *   await open("no-such-folder");
 * } catch (error) {
 *   if (!(error instanceof VireoError)) throw error;
 *   console.error(error.code, error.message);
 * }
 */
export class VireoError extends Error {
  readonly code: ErrorCode;
  readonly param: string | undefined;
  readonly metadata: ErrorMetadata | undefined;
  readonly retryAfterMs: number | undefined;
  readonly attempt: FailedAttempt | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "VireoError";
    this.code = code;
    this.param = details.param;
    this.metadata = details.metadata;
    this.retryAfterMs = details.retryAfterMs;
    this.attempt = details.attempt;
  }
}
