/**
 * Why an attempt at a provider failed.
 *
 * unreachable: there was no answer at all, for example a refused connection. timeout: a limit on
 * waiting passed. status: the provider reported an error, by its HTTP status or in its answer.
 * invalid: the answer is not of the protocol, for example an HTML page. cut: it ended early.
 */
export type AttemptFault = "unreachable" | "timeout" | "status" | "invalid" | "cut";

/**
 * A failed attempt to have a provider answer a request. It is part of the VireoError: code and
 * message are for the client, and this decides whether another provider is asked. The error's
 * `retryAfterMs` is the time for which the provider asked.
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
