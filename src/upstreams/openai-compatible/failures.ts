import { type ErrorCode, type ErrorDetails, VireoError } from "../../core/errors.ts";
import type { AttemptFault } from "../../core/failed-attempt.ts";
import { LIMITS } from "../../core/limits.ts";
import { ERROR_STATUS } from "../../protocols/shared/errors.ts";
import { cleanText } from "../clean-text.ts";
import { asRecord } from "./json-values.ts";

/** Statuses by which a server says that the request itself is wrong. */
const CALLER_STATUSES: readonly number[] = [400, 413, 414, 415, 422, 431];
const TOO_LONG =
  /context (?:length|window|size)|maximum (?:model |context )?length|exceeds? .{0,40}\bcontext\b/i;

/** Headers of an answer, in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface ProviderFailure {
  readonly provider: string;
  readonly fault: AttemptFault;
  readonly status?: number;
  readonly callerFault?: boolean;
}

/** An error of an attempt that has delivered nothing. The attempt itself completes it. */
export function failure(
  code: ErrorCode,
  message: string,
  { provider, fault, status, callerFault = false }: ProviderFailure,
  details: Omit<ErrorDetails, "attempt"> = {},
): VireoError {
  const known = status === undefined ? {} : { status };
  const attempt = { provider, fault, ...known, callerFault, delivered: false, ms: 0 };
  return new VireoError(code, message, { ...details, attempt });
}

export function invalidAnswer(provider: string, why: string, fault: AttemptFault = "invalid") {
  return failure("upstream_invalid_response", `${provider} ${why}; try again`, { provider, fault });
}

/** The parts of a reported error that decide what becomes of it. */
interface ReportedError {
  readonly status: number;
  readonly message: string;
  readonly code: string;
  readonly param: string | undefined;
  readonly isModeration: boolean;
}

/**
 * The error for an HTTP error status, or for an error that stands in place of an answer.
 *
 * body: the JSON of the answer, or its text. Undefined: it had none.
 */
export function reportedFailure(
  provider: string,
  reported: { readonly status?: number; readonly headers?: AnswerHeaders; readonly body: unknown },
  secrets: readonly string[],
): VireoError {
  const error = readError(reported.body, reported.status);
  const { status, param } = error;
  const text = cleanText(error.message, secrets);
  const said = text === "" ? "" : `: ${text}`;
  const retryAfterMs = readRetryAfter(reported.headers ?? {});
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (CALLER_STATUSES.includes(status) || error.isModeration) {
    const code = callerCode(error);
    const message = `${provider} refuses the request${said}`;
    const about = { provider, fault: "status", status, callerFault: true } as const;
    return failure(code, message, about, param === undefined ? {} : { param });
  }
  const about = { provider, fault: "status", status } as const;
  switch (status) {
    case 429:
      return failure("rate_limited", `${provider} has reached a rate limit${said}`, about, wait);
    case 408:
    case 504:
      return failure("upstream_timeout", `${provider} took too long${said}`, about, wait);
    default: {
      const isRefusal = status >= 400 && status < 500 && status !== 409 && status !== 425;
      // the text of a refusal may tell of the operator's account, so it is for the log only
      if (isRefusal) {
        const message = `${provider} refuses this server (status ${status}); tell its operator`;
        return failure("upstream_refused", message, about, { cause: new Error(text) });
      }
      const message = `${provider} failed with status ${status}${said}`;
      return failure("upstream_unavailable", message, about, wait);
    }
  }
}

function callerCode({ code, status, message }: ReportedError): ErrorCode {
  const known = Object.hasOwn(ERROR_STATUS, code) ? ERROR_STATUS[code as ErrorCode] : undefined;
  if (known?.shown && known.status === status) return code as ErrorCode;
  if (TOO_LONG.test(`${code} ${message.slice(0, 2000)}`)) return "context_length_exceeded";
  return status === 413 ? "body_too_large" : "upstream_rejected";
}

/** Reads `{ error: { message, code, param } }` and the shapes that servers send in its place. */
function readError(body: unknown, httpStatus: number | undefined): ReportedError {
  const outer = asRecord(body) ?? {};
  const inner = asRecord(outer.error) ?? asRecord(outer.detail) ?? outer;
  const texts = [inner.message, outer.message, outer.detail, outer.error, body];
  const message = texts.find((text): text is string => typeof text === "string") ?? "";
  const code = typeof inner.code === "string" ? inner.code : String(inner.type ?? "");
  const isHtml = /^\s*</.test(message);
  return {
    status: httpStatus ?? statusOf(inner, code),
    message: isHtml ? "" : message,
    code,
    param: typeof inner.param === "string" ? cleanText(inner.param).slice(0, 128) : undefined,
    isModeration: asRecord(inner.metadata)?.flagged_input !== undefined,
  };
}

/** The HTTP status that an error in an answer stands for. */
function statusOf({ code, status, type }: Readonly<Record<string, unknown>>, name: string): number {
  for (const value of [code, status]) {
    const number = Number(value);
    if (Number.isInteger(number) && number >= 400 && number < 600) return number;
  }
  const words = `${name} ${String(type ?? "")}`.toLowerCase();
  const known = Object.hasOwn(ERROR_STATUS, name) ? ERROR_STATUS[name as ErrorCode] : undefined;
  if (known !== undefined) return known.status;
  if (/rate_?limit|too_?many_?requests/.test(words)) return 429;
  if (/invalid_?request|bad_?request/.test(words)) return 400;
  return /overloaded|unavailable/.test(words) ? 503 : 500;
}

/** Reads retry-after-ms and retry-after, in seconds or as a date. */
export function readRetryAfter(headers: AnswerHeaders, nowMs = Date.now()): number | undefined {
  const exact = Number(headers["retry-after-ms"] ?? Number.NaN);
  const text = headers["retry-after"];
  const seconds = typeof text === "string" && text.trim() !== "" ? Number(text) : Number.NaN;
  const until = typeof text === "string" ? Date.parse(text) - nowMs : Number.NaN;
  const ms = [exact, seconds * 1000, until].find((value) => Number.isFinite(value) && value >= 0);
  return ms === undefined ? undefined : Math.min(Math.ceil(ms), LIMITS.upstream.retryAfterMs);
}
