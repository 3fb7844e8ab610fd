import type { VireoError } from "../../core/errors.ts";
import { ERROR_STATUS, toErrorBody } from "../shared/errors.ts";

export interface MessagesErrorBody {
  readonly type: "error";
  readonly error: { readonly type: string; readonly message: string };
  readonly request_id: string;
}

const TYPES: ReadonlyMap<number, string> = new Map([
  [400, "invalid_request_error"],
  [401, "authentication_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [409, "conflict_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [503, "overloaded_error"],
  [504, "timeout_error"],
]);

/** The error body of /v1/messages. */
export function toMessagesError(error: VireoError, requestId: string): MessagesErrorBody {
  const { status } = ERROR_STATUS[error.code];
  const type = TYPES.get(status) ?? (status < 500 ? "invalid_request_error" : "api_error");
  const { message } = toErrorBody(error, requestId).error;
  return { type: "error", error: { type, message }, request_id: requestId };
}
