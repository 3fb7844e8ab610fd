/** The reason why a request failed, in words for the user. */
export interface Failure {
  /** network: no response; broken: the stream ended early; server: the server gave a reason. */
  readonly kind: "network" | "broken" | "server";
  readonly message: string;
  /** The server's advice, if it sent one besides the message. */
  readonly hint?: string;
  readonly status?: number;
  readonly code?: string;
  readonly param?: string;
  readonly requestId?: string;
  /** Unix time in milliseconds before which a retry would fail again. */
  readonly retryAt?: number;
}

export class RequestError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = "RequestError";
    this.failure = failure;
  }
}

const OFFLINE = "This device is offline. Nothing was lost; try again when it is connected.";
const UNREACHABLE = "The server cannot be reached. Is it still running?";

export function networkFailure(): Failure {
  const offline = typeof navigator !== "undefined" && navigator.onLine === false;
  return { kind: "network", message: offline ? OFFLINE : UNREACHABLE };
}

export function brokenFailure(): Failure {
  const message = "The connection broke before the answer was complete. What arrived is above.";
  return { kind: "broken", message };
}

/** Converts a thrown value to a failure. */
export function toFailure(thrown: unknown): Failure {
  if (thrown instanceof RequestError) return thrown.failure;
  return { kind: "server", message: thrown instanceof Error ? thrown.message : String(thrown) };
}

/** Converts a response with an error status to a failure. Reads its body. */
export async function failureOfResponse(response: Response): Promise<Failure> {
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    body = undefined;
  }
  const failure = failureOfBody(body) ?? {
    kind: "server" as const,
    message: `The server answered with status ${response.status} and no reason.`,
  };
  const waitMs = retryAfterMs(response.headers);
  return {
    ...failure,
    status: response.status,
    ...(waitMs === undefined ? {} : { retryAt: Date.now() + waitMs }),
  };
}

/** Reads `{"error":{"message":...}}`, in an answer's body or in a chunk of a stream. */
export function failureOfBody(body: unknown): Failure | undefined {
  if (!isRecord(body) || !isRecord(body.error)) return undefined;
  const { message, code, param, request_id: requestId, metadata } = body.error;
  if (typeof message !== "string") return undefined;
  const hint = isRecord(metadata) && typeof metadata.hint === "string" ? metadata.hint : undefined;
  return {
    kind: "server",
    message,
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof param === "string" ? { param } : {}),
    ...(typeof requestId === "string" ? { requestId } : {}),
    ...(hint === undefined ? {} : { hint }),
  };
}

function retryAfterMs(headers: Headers): number | undefined {
  const ms = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(ms)) return ms;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
