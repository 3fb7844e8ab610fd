import type { ErrorCode, VireoError } from "../../core/errors.ts";
import { ERROR_STATUS, toErrorBody } from "../shared/errors.ts";

export interface GatewayErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: unknown;
    readonly code: ErrorCode;
  };
  readonly generationId: string;
}

const TYPES: ReadonlyMap<number, string> = new Map([
  [401, "authentication_error"],
  [403, "forbidden"],
  [404, "model_not_found"],
  [424, "failed_dependency"],
  [429, "rate_limit_exceeded"],
]);

/** The error body of the AI SDK's gateway protocol. */
export function toGatewayError(error: VireoError, requestId: string): GatewayErrorBody {
  const { status } = ERROR_STATUS[error.code];
  const usual = status < 500 ? "invalid_request_error" : "internal_server_error";
  const { message, param, code } = toErrorBody(error, requestId).error;
  const type = TYPES.get(status) ?? usual;
  return { error: { message, type, param, code }, generationId: requestId };
}
