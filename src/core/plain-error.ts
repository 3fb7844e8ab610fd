import { defined } from "./defined.ts";
import { type ErrorCode, type ErrorDetails, VireoError } from "./errors.ts";

/**
 * An error as plain data, for messages between threads and processes: structured clone keeps
 * neither the class of an error nor its own fields.
 */
export interface PlainError {
  /** Undefined: not a VireoError. */
  readonly code?: ErrorCode;
  /** The operating system's code, for example ENOSPC, from which the server derives its answer. */
  readonly systemCode?: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly details?: Omit<ErrorDetails, "cause">;
  readonly cause?: PlainError;
}

/** Keeps everything of a VireoError but its failed attempt. */
export function toPlainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, stack } = error;
  const cause = error.cause === undefined ? {} : { cause: toPlainError(error.cause) };
  if (!(error instanceof VireoError)) {
    return { message, stack, ...cause, ...defined({ systemCode: systemCodeOf(error) }) };
  }
  const { code, param, metadata, retryAfterMs } = error;
  return { code, message, stack, details: defined({ param, metadata, retryAfterMs }), ...cause };
}

function systemCodeOf(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" ? code : undefined;
}

/** The error that `toPlainError` was given, with its class, stack and causes. */
export function fromPlainError(plain: PlainError): Error {
  const { code, systemCode, message, stack, details } = plain;
  const cause = plain.cause === undefined ? {} : { cause: fromPlainError(plain.cause) };
  const error =
    code === undefined
      ? Object.assign(new Error(message, cause), defined({ code: systemCode }))
      : new VireoError(code, message, { ...details, ...cause });
  if (stack !== undefined) error.stack = stack;
  return error;
}
