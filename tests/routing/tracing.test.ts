import { type Attributes, type Context, type Span, trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VireoError } from "../../src/core/errors.ts";
import { Router } from "../../src/routing/router.ts";
import { readTraceparent } from "../../src/routing/tracing.ts";
import { endpoint, route, scripted } from "./scripted-provider.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;

interface Recorded {
  readonly name: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Attributes;
  ended: boolean;
}

const spans: Recorded[] = [];

/** A tracer that only remembers; the attempts of a request are its spans. */
function startSpan(
  name: string,
  options: { attributes?: Attributes } = {},
  around?: Context,
): Span {
  const parent = around && trace.getSpanContext(around);
  const span: Recorded = {
    name,
    parentSpanId: parent?.spanId,
    attributes: { ...options.attributes },
    ended: false,
  };
  spans.push(span);
  const own = {
    spanContext: () => ({
      traceId: TRACE,
      spanId: `${spans.length}`.padStart(16, "0"),
      traceFlags: 1,
    }),
    setAttributes: (attributes: Attributes) => Object.assign(span.attributes, attributes),
    setAttribute: (key: string, value: unknown) => Object.assign(span.attributes, { [key]: value }),
    setStatus: () => own,
    end: () => {
      span.ended = true;
    },
  };
  return own as unknown as Span;
}

const failure = new VireoError("upstream_unavailable", "down", {
  attempt: {
    provider: "?",
    fault: "status",
    status: 503,
    callerFault: false,
    delivered: false,
    ms: 1,
  },
});

async function ask(traceparent?: string) {
  const [a, b] = [scripted("a", [[failure]]), scripted("b")];
  const routes = [route([endpoint(a), endpoint(b, { model: "own-name" })])];
  const router = new Router({ routes: () => routes });
  const messages = [{ role: "user", content: "a secret" }] as const;
  for await (const _ of router.chat({
    messages,
    maxTokens: 9,
    ...(traceparent && { traceparent }),
  }));
  return [a, b].map(({ requests }) => requests[0]?.traceparent);
}

describe("with a registered tracer", () => {
  beforeEach(() => {
    spans.length = 0;
    trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) as never });
  });
  afterEach(() => trace.disable());

  test("every attempt is a span under the caller's, with GenAI names and no content", async () => {
    const sent = await ask(PARENT);
    expect(spans.map(({ name, parentSpanId, ended }) => [name, parentSpanId, ended])).toEqual([
      ["chat m", "b7ad6b7169203331", true],
      ["chat m", "b7ad6b7169203331", true],
    ]);
    expect(spans[0]?.attributes).toMatchObject({
      "gen_ai.provider.name": "a",
      "error.type": "upstream_unavailable",
      "http.response.status_code": 503,
      "vireo.attempt": 1,
    });
    expect(spans[1]?.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "b",
      "gen_ai.request.model": "m",
      "gen_ai.response.model": "own-name",
      "gen_ai.request.max_tokens": 9,
      "gen_ai.usage.input_tokens": 10,
      "gen_ai.usage.output_tokens": 4,
      "gen_ai.response.finish_reasons": ["stop"],
    });
    expect(JSON.stringify(spans)).not.toMatch(/secret|Hello/);
    expect(sent).toEqual([`00-${TRACE}-0000000000000001-01`, `00-${TRACE}-0000000000000002-01`]);
  });
});

test("without a tracer the caller's trace is passed on", async () => {
  expect(await ask(PARENT)).toEqual([PARENT, PARENT]);
  expect(await ask()).toEqual([undefined, undefined]);
});

test.each([
  undefined,
  "",
  "00-short-b7ad6b7169203331-01",
  `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
  `${PARENT}-more`,
  PARENT.toUpperCase(),
  `${PARENT}\r\nx: y`,
])("%j is no trace context", (header) => {
  expect(readTraceparent(header)).toBeUndefined();
});
