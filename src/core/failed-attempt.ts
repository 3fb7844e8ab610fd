/**
 * Why an attempt at a provider failed.
 *
 * unreachable: no response, for example a refused connection. timeout: a time limit passed. status:
 * the provider reported an error, by its HTTP status or in its answer. invalid: the answer violates
 * the protocol, for example an HTML page. cut: the answer ended early.
 */
export type AttemptFault = "unreachable" | "timeout" | "status" | "invalid" | "cut";

/**
 * A failed attempt to get an answer from a provider. It is part of a VireoError, whose code and
 * message are for the client; the router uses the attempt to decide whether to try another
 * provider. The error's `retryAfterMs` is the pause that the provider requested.
 */
export interface FailedAttempt {
  /** The provider's name, as clients see it. */
  readonly provider: string;
  readonly fault: AttemptFault;
  /** HTTP status by which the provider reported the error. Undefined: it reported none. */
  readonly status?: number;
  /** The request is at fault, so that every provider would refuse it. */
  readonly callerFault: boolean;
  /** A part of the answer was yielded, so that no other provider can answer instead. */
  readonly delivered: boolean;
  /** Duration of the attempt. */
  readonly ms: number;
}
