import type { Context } from "hono";
import type { ChatRequest } from "../../core/chat.ts";
import { addCount } from "../../core/counts.ts";
import { startDeadline } from "../../core/deadline.ts";
import { defined } from "../../core/defined.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { costOf, showPrice } from "../../core/prices.ts";
import type { Upstream } from "../../core/upstream.ts";
import { wrapUpstream } from "../../core/wrap-upstream.ts";
import { type ExtractEvent, type ExtractOptions, extract } from "../../extract/extract.ts";
import { readSchema } from "../../extract/schemas.ts";
import { toErrorBody } from "../../protocols/shared/errors.ts";
import { random62 } from "../../protocols/shared/ids.ts";
import { requireModel } from "../../protocols/shared/models.ts";
import { hasPrice } from "../../protocols/shared/usage.ts";
import {
  documentOf,
  type ExtractBody,
  toExtraction,
  toPageAnswer,
} from "../../protocols/vireo/extract.ts";
import type { Env, RouteOptions } from "../context.ts";
import { parseBody } from "../parsing/parse-body.ts";
import { completeMessages } from "../resolve-media.ts";
import type { SseEvent } from "../sse.ts";
import { generation } from "../streaming-reply.ts";

/** Default for the answer of one page, limited to half of a small context. */
const PAGE_TOKENS = 4096;

/**
 * Extracts data from a document. Each page is a separate request to the upstream, with the usual
 * limits, scheduling and billing; the deadline covers all pages together.
 */
export function extractDocument(options: RouteOptions) {
  const running = new Map<string, number>();
  return async (c: Context<Env>): Promise<Response> => {
    const { upstream, pricesOf, now } = options;
    const { body, request } = await parseBody(c, options, "extraction");
    const model = requireModel(upstream.models, body.model, body.max_tokens ?? undefined);
    const id = `extract-${random62(24)}`;
    const head = { id, created: Math.floor(now() / 1000), model: model.id };
    c.header("x-generation-id", head.id);
    const { signal, stream, own: toOwn } = generation(c, options, model);
    const own = toOwn(request, { readsWhole: true });
    const maxTokens = body.max_tokens ?? Math.min(PAGE_TOKENS, model.contextTokens >> 1);
    const pages = pageByPage({ ...body, max_tokens: maxTokens }, own, options, signal);
    const events = oneOfFew(running, c.get("tenant"), pages);
    if (body.stream === true) {
      return await stream(toEvents(events, head), {
        toErrorEvents: (error, requestId) => [
          { event: "error", data: { type: "error", ...toErrorBody(error, requestId) } },
        ],
      });
    }
    for await (const event of events) {
      if (event.type === "page") continue;
      const answer = toExtraction(event.extraction, head);
      const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = answer.usage;
      const prices = pricesOf(model);
      const cost = costOf(prices, { promptTokens, completionTokens });
      if (hasPrice(prices)) c.header("x-cost-usd", showPrice(cost));
      return c.json(answer);
    }
    throw new VireoError("internal_error", "the extraction has no end");
  };
}

/**
 * Limits concurrent extractions, because each keeps a document open in its own process. A tenant
 * that has none gets one place more than the others, so that nobody can take them all.
 */
async function* oneOfFew<T>(
  running: Map<string, number>,
  tenant: string,
  events: AsyncIterable<T>,
): AsyncGenerator<T> {
  const count = [...running.values()].reduce((sum, own) => sum + own, 0);
  const own = running.get(tenant) ?? 0;
  if (count >= LIMITS.document.extractionsAtOnce + (own === 0 ? 1 : 0)) {
    const message = `${count} documents are being extracted already; try again soon`;
    throw new VireoError("queue_full", message, { retryAfterMs: 5000 });
  }
  addCount(running, tenant, 1);
  try {
    yield* events;
  } finally {
    addCount(running, tenant, -1);
  }
}

/** Yields pages as they are answered, then the extraction. Ending the iteration stops the work. */
async function* pageByPage(
  body: ExtractBody,
  request: ChatRequest,
  options: RouteOptions,
  signal: AbortSignal,
): AsyncGenerator<ExtractEvent> {
  const { model, tenant = "", maxTiles, exifOrientation } = request;
  const { tenants, keys, places, deadlineMs } = options;
  tenants.check(tenant, keys?.limitsOf(tenant) ?? {}); // before anything is fetched
  const deadline = startDeadline(signal, deadlineMs);
  try {
    const { schema: given } = body;
    const schema = typeof given === "string" ? await readSchema(given) : given;
    const messages = await completeMessages(request, places, deadline.signal);
    const { bytes, pages, dpi } = documentOf(messages);
    yield* extract(
      ownUpstream(options.upstream, { tenant, ...(model !== undefined && { model }) }),
      bytes,
      {
        ...toOptions(body, schema),
        ...defined({ maxTiles, exifOrientation, pages, dpi }),
        tenant,
        signal: deadline.signal,
      },
    );
  } finally {
    deadline.abort(new Error("the client has gone"));
    deadline.release();
  }
}

function toOptions(body: ExtractBody, schema: ExtractOptions["schema"]): ExtractOptions {
  const { instruction, max_tokens: maxTokens } = body;
  return {
    schema,
    verify: body.verify ?? true,
    ...(instruction ? { instruction } : {}),
    ...(maxTokens ? { maxTokens } : {}),
  };
}

/** The upstream, whose requests all name one tenant and one model and read whole answers. */
function ownUpstream(upstream: Upstream, own: Pick<ChatRequest, "tenant" | "model">): Upstream {
  return wrapUpstream(upstream, {
    chat: (request, signal) => upstream.chat({ ...request, ...own, readsWhole: true }, signal),
  });
}

async function* toEvents(
  events: AsyncIterable<ExtractEvent>,
  head: Parameters<typeof toExtraction>[1],
): AsyncGenerator<SseEvent> {
  let index = 0;
  for await (const event of events) {
    if (event.type === "page") {
      const page = { id: head.id, index, count: event.count, ...toPageAnswer(event.answer) };
      yield { event: "extraction.page", data: { type: "extraction.page", ...page } };
      index += 1;
    } else {
      const extraction = toExtraction(event.extraction, head);
      yield { event: "extraction.done", data: { type: "extraction.done", extraction } };
    }
  }
}
