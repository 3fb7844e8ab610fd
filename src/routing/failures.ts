import { type ErrorCode, VireoError } from "../core/errors.ts";
import type { FailedAttempt } from "../core/failed-attempt.ts";
import { toVireoError } from "../core/system-errors.ts";
import type { Endpoint } from "./endpoint.ts";

/** A failed attempt, with the error that a client would see if it were the only one. */
export interface Failure {
  readonly attempt: FailedAttempt;
  readonly error: VireoError;
}

/**
 * Codes by which an engine refuses a request that another one may answer. Every other code of an
 * error without an `attempt` is the caller's fault.
 */
const PASSING_CODES: ReadonlySet<ErrorCode> = new Set([
  "queue_full",
  "rate_limited",
  "engine_loading",
  "engine_closed",
  "engine_restarted",
  "server_busy",
  "storage_unavailable",
  "request_timeout",
  "out_of_memory",
  "backend_unavailable",
  "internal_error",
  "upstream_refused",
  "upstream_unavailable",
  "upstream_invalid_response",
  "upstream_timeout",
]);

/** Codes by which a healthy provider asks for a pause. */
const PAUSE_CODES: ReadonlySet<ErrorCode> = new Set(["queue_full", "rate_limited"]);

/** Statuses of a provider that does not accept its key: each further attempt would fail too. */
const KEY_STATUSES: readonly number[] = [401, 402, 403];

/** How the failure of an attempt is recorded and whether another provider may answer. */
export function failureOf(thrown: unknown, { provider }: Endpoint, ms: number): Failure {
  const error = toVireoError(thrown);
  const attempt = error.attempt ?? {
    provider: provider.name,
    fault: "status",
    callerFault: !PASSING_CODES.has(error.code),
    delivered: false,
    ms,
  };
  // names of upstreams are their own; clients know the provider by its configured name
  return { attempt: { ...attempt, provider: provider.name, ms }, error };
}

/** A healthy provider asked for a pause: too many requests. */
export function asksForPause({ attempt, error }: Failure): boolean {
  return attempt.status === 429 || PAUSE_CODES.has(error.code);
}

/** The provider refuses its key or has no credit, which no repetition mends. */
export function refusesKey({ attempt }: Failure): boolean {
  return attempt.status !== undefined && KEY_STATUSES.includes(attempt.status);
}

const MAX_LISTED = 16;

/**
 * The error of a request that no provider answered.
 *
 * One failed attempt keeps its own error. Several give 429 if every provider asked for a pause, 504
 * if every one was too slow, 502 if every answer was invalid, else 503; each attempt is listed.
 */
export function allFailed(failures: readonly Failure[]): VireoError {
  const [first] = failures;
  const attempts = failures.slice(0, MAX_LISTED).map(toListed);
  const waits = failures.flatMap(({ error }) => error.retryAfterMs ?? []);
  const details = {
    metadata: { attempts },
    ...(waits.length > 0 && { retryAfterMs: Math.min(...waits) }),
  };
  if (first !== undefined && failures.length === 1) {
    const { code, message, param, metadata, cause } = first.error;
    return new VireoError(code, message, {
      ...details,
      ...(param !== undefined && { param }),
      metadata: { ...metadata, ...details.metadata },
      cause,
    });
  }
  const told = failures.map(({ attempt, error }) => `${attempt.provider}: ${error.code}`);
  const list = told.slice(0, MAX_LISTED).join(", ");
  const message = `${failures.length} providers were asked and none answered (${list})`;
  return new VireoError(commonCode(failures), `${message}; try again later`, details);
}

function commonCode(failures: readonly Failure[]): ErrorCode {
  const all = (test: (failure: Failure) => boolean) => failures.every(test);
  if (all(asksForPause)) return "rate_limited";
  if (all(({ attempt }) => attempt.fault === "timeout")) return "upstream_timeout";
  if (all(({ error }) => error.code === "upstream_invalid_response")) {
    return "upstream_invalid_response";
  }
  return "upstream_unavailable";
}

function toListed({ attempt, error }: Failure) {
  const { provider, status, ms } = attempt;
  return {
    provider,
    code: error.code,
    ...(status !== undefined && { status }),
    ms: Math.round(ms),
  };
}
