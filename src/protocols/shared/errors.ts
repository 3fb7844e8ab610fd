import { defined } from "../../core/defined.ts";
import type { ErrorCode, ErrorMetadata, VireoError } from "../../core/errors.ts";

export interface ErrorStatus {
  readonly status: number;
  readonly type: string;
  /** True if the message is meant for clients. Otherwise they see only "internal error". */
  readonly shown: boolean;
}

const invalid = (status: number): ErrorStatus => entry(status, "invalid_request_error");

function entry(status: number, type: string, shown = true): ErrorStatus {
  return Object.freeze({ status, type, shown });
}

const hidden = entry(500, "api_error", false);

/** Maps each error code to its HTTP status and error type. */
export const ERROR_STATUS: Readonly<Record<ErrorCode, ErrorStatus>> = Object.freeze({
  invalid_json: invalid(400),
  missing_required: invalid(400),
  invalid_type: invalid(400),
  out_of_range: invalid(400),
  unsupported_parameter: invalid(400),
  unsupported_modality: invalid(400),
  zdr_unavailable: invalid(400),
  context_length_exceeded: invalid(400),
  invalid_schema: invalid(400),
  invalid_media: invalid(400),
  media_undecodable: invalid(422),
  unsupported_media_type: invalid(415),
  media_too_large: invalid(413),
  too_many_images: invalid(413),
  too_many_videos: invalid(413),
  video_too_long: invalid(413),
  too_many_documents: invalid(413),
  too_many_pages: invalid(413),
  body_too_large: invalid(413),
  headers_too_large: invalid(431),
  malformed_http: invalid(400),
  media_fetch_blocked: invalid(400),
  media_fetch_failed: invalid(424),
  invalid_multipart: invalid(400),
  file_not_found: invalid(404),
  response_not_found: invalid(404),
  upload_closed: invalid(400),
  storage_full: invalid(413),
  storage_unavailable: entry(507, "api_error"),
  invalid_api_key: entry(401, "authentication_error"),
  missing_api_key: entry(401, "authentication_error"),
  model_not_found: entry(404, "not_found_error"),
  unknown_url: entry(404, "not_found_error"),
  not_implemented: entry(501, "api_error"),
  method_not_allowed: invalid(405),
  host_not_allowed: entry(403, "permission_error"),
  operator_key_required: entry(403, "permission_error"),
  idempotency_conflict: entry(409, "conflict_error"),
  idempotency_in_progress: entry(409, "conflict_error"),
  no_provider_available: entry(503, "overloaded_error"),
  upstream_rejected: invalid(400),
  upstream_refused: entry(502, "api_error"),
  upstream_unavailable: entry(503, "overloaded_error"),
  upstream_invalid_response: entry(502, "api_error"),
  upstream_timeout: entry(504, "timeout_error"),
  invalid_checkpoint: hidden,
  unsupported_checkpoint: hidden,
  invalid_option: hidden,
  out_of_memory: hidden,
  backend_unavailable: hidden,
  queue_full: entry(429, "rate_limit_error"),
  rate_limited: entry(429, "rate_limit_error"),
  server_busy: entry(503, "overloaded_error"),
  engine_loading: entry(503, "overloaded_error"),
  engine_closed: entry(503, "overloaded_error"),
  engine_restarted: entry(503, "overloaded_error"),
  request_timeout: entry(504, "timeout_error"),
  client_too_slow: entry(408, "timeout_error"),
  internal_error: hidden,
});

/** Maximum retry-after; some clients obey any number. */
const MAX_RETRY_AFTER_MS = 60_000;

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: ErrorCode;
    readonly request_id?: string;
    readonly metadata?: ErrorMetadata;
  };
}

/** The error body for a client. It hides the text of errors that are not meant for clients. */
export function toErrorBody(error: VireoError, requestId?: string): ErrorBody {
  const { type, shown } = ERROR_STATUS[error.code];
  const where = requestId === undefined ? "" : ` (request ${requestId})`;
  return {
    error: {
      message: shown ? error.message : `The server failed${where}; its log has the reason.`,
      type,
      param: error.param ?? null,
      code: shown ? error.code : "internal_error",
      ...defined({ request_id: requestId }),
      ...(shown && error.metadata !== undefined ? { metadata: error.metadata } : {}),
    },
  };
}

export function errorHeaders(error: VireoError): Record<string, string> {
  const { status } = ERROR_STATUS[error.code];
  const headers: Record<string, string> = {};
  const isRetryable = (status >= 429 && status !== 501) || error.code === "idempotency_in_progress";
  if (!isRetryable) headers["x-should-retry"] = "false";
  const attempts = error.metadata?.attempts;
  if (Array.isArray(attempts)) headers["x-attempts"] = String(attempts.length);
  if (status === 401) headers["www-authenticate"] = "Bearer";
  if (status === 429 || status === 503 || error.code === "idempotency_in_progress") {
    const waitMs = Math.min(error.retryAfterMs ?? 1000, MAX_RETRY_AFTER_MS);
    headers["retry-after"] = String(Math.ceil(waitMs / 1000));
    headers["retry-after-ms"] = String(Math.ceil(waitMs));
  }
  return headers;
}
