import {
  type Attributes,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import type { ChatEvent, ChatRequest } from "../core/chat.ts";
import type { Candidate } from "./endpoint.ts";
import type { Failure } from "./failures.ts";

/**
 * Spans of attempts, with the names that OpenTelemetry has for generative AI. They hold counts,
 * names and times, and nothing of a prompt or an answer. Without a registered tracer they cost
 * nothing, and a caller's trace is passed on as it is.
 */

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** The trace context of a header, or undefined if it is not as W3C defines it. */
export function readTraceparent(header: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(header ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}

/** The span of one attempt. */
export class AttemptSpan {
  private readonly span: Span;
  /** The caller's header, if it is valid. */
  private readonly received: string | undefined;

  constructor(request: ChatRequest, { route, endpoint }: Candidate, attempt: number) {
    const parent = readTraceparent(request.traceparent);
    const around = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    this.received = parent && request.traceparent;
    this.span = trace.getTracer("vireo").startSpan(
      `chat ${route.id}`,
      {
        kind: SpanKind.CLIENT,
        attributes: {
          "gen_ai.operation.name": "chat",
          "gen_ai.provider.name": endpoint.provider.name,
          "gen_ai.request.model": route.id,
          "gen_ai.response.model": endpoint.model,
          "vireo.attempt": attempt,
          ...requestAttributes(request),
        },
      },
      parent === undefined ? context.active() : around,
    );
  }

  /** The header for the provider: this span, or the caller's if nobody traces here. */
  get traceparent(): string | undefined {
    const own = this.span.spanContext();
    if (!trace.isSpanContextValid(own)) return this.received;
    const flags = (own.traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, "0");
    return `00-${own.traceId}-${own.spanId}-${flags}`;
  }

  answered({ reason, usage }: Extract<ChatEvent, { readonly type: "end" }>): void {
    this.span.setAttributes({
      "gen_ai.response.finish_reasons": [reason],
      "gen_ai.usage.input_tokens": usage.promptTokens,
      "gen_ai.usage.output_tokens": usage.completionTokens,
    });
  }

  failed({ attempt, error }: Failure): void {
    this.span.setAttribute("error.type", error.code);
    if (attempt.status !== undefined) {
      this.span.setAttribute("http.response.status_code", attempt.status);
    }
    this.span.setStatus({ code: SpanStatusCode.ERROR, message: error.code });
  }

  end(): void {
    this.span.end();
  }
}

function requestAttributes({ maxTokens, sampling = {} }: ChatRequest): Attributes {
  const { temperature, topP, seed } = sampling;
  return {
    ...(maxTokens !== undefined && { "gen_ai.request.max_tokens": maxTokens }),
    ...(temperature !== undefined && { "gen_ai.request.temperature": temperature }),
    ...(topP !== undefined && { "gen_ai.request.top_p": topP }),
    ...(seed !== undefined && { "gen_ai.request.seed": Number(seed) }),
  };
}
