import { Hono, type MiddlewareHandler } from "hono";
import type { ContentfulStatusCode, StatusCode } from "hono/utils/http-status";
import { toMessagesError } from "../anthropic/errors.ts";
import { VireoError } from "../core/errors.ts";
import { FREE } from "../core/prices.ts";
import { guarded } from "../gateway/guarded.ts";
import { singleKey } from "../gateway/keys.ts";
import { Tenants } from "../gateway/tenants.ts";
import { ERROR_STATUS, errorHeaders, toErrorBody, toVireoError } from "../openai/errors.ts";
import type { AppOptions, Env, RouteOptions } from "./context.ts";
import { fetching } from "./fetching.ts";
import { Metrics } from "./metrics.ts";
import { requireKey } from "./middleware/auth.ts";
import { allowHosts } from "./middleware/host.ts";
import { idempotent } from "./middleware/idempotency.ts";
import { rateHeaders } from "./middleware/rate-headers.ts";
import { requestId } from "./middleware/request-id.ts";
import { Replays } from "./replays.ts";
import { chatCompletions } from "./routes/chat-completions.ts";
import { completions } from "./routes/completions.ts";
import { estimate } from "./routes/estimate.ts";
import { live, ready } from "./routes/health.ts";
import { chatTokens, responseTokens } from "./routes/input-tokens.ts";
import { key } from "./routes/key.ts";
import { messages, messageTokens } from "./routes/messages.ts";
import { metrics } from "./routes/metrics.ts";
import { getModel, listModels } from "./routes/models.ts";
import { playgroundFile, readPlayground } from "./routes/playground.ts";
import { responses } from "./routes/responses.ts";

export type App = Hono<Env>;

const DEADLINE_MS = 10 * 60_000;

/** For the log only: nobody is there to read it. */
const CLIENT_GONE = 499;

/** These and the playground's files; everything else asks for the key, whatever is added later. */
const OPEN_PATHS = [
  "/health",
  "/health/live",
  "/health/ready",
  "/v1/health/live",
  "/v1/health/ready",
];

/** The server without its socket: a Request in, a Response out. Reads as a table of contents. */
export function createApp(options: AppOptions): App {
  const { log, hosts = [], now = Date.now } = options;
  const counted = new Metrics(options.upstream);
  const shared = shareOut(options, counted, now);
  const { keys } = shared;
  const playground = readPlayground();
  const open = [...OPEN_PATHS, ...playground.map(({ path }) => path)];
  const app: App = new Hono<Env>();

  app.use(requestId(log, now));
  app.use(keys === undefined ? allowHosts(hosts) : except(open, requireKey(keys)));

  for (const file of playground) app.get(file.path, playgroundFile(file));
  for (const prefix of ["", "/v1"]) {
    app.get(`${prefix}/health/live`, live);
    app.get(`${prefix}/health/ready`, ready(shared));
  }
  app.get("/health", ready(shared));
  app.get("/v1/models", listModels(shared));
  app.get("/v1/models/:id{.+}", getModel(shared));
  app.get("/v1/key", key(shared));
  app.get("/metrics", metrics(counted));
  app.get("/v1/metrics", metrics(counted));

  app.use("/v1/chat/*", rateHeaders(shared), idempotent(new Replays(now)));
  app.post("/v1/chat/completions", chatCompletions(shared));
  app.post("/v1/completions", completions(shared));
  app.post("/v1/chat/completions/input_tokens", chatTokens(shared));
  app.post("/v1/responses", responses(shared));
  app.post("/v1/responses/input_tokens", responseTokens(shared));
  app.post("/v1/messages", messages(shared));
  app.post("/v1/messages/count_tokens", messageTokens(shared));
  app.post("/v1/estimate", estimate(shared));

  app.notFound((c) => {
    throw noRoute(app, c.req.method, c.req.path);
  });
  app.onError((thrown, c) => {
    if (c.req.raw.signal.aborted) return c.body(null, CLIENT_GONE as StatusCode);
    const error = toVireoError(thrown);
    const { status } = ERROR_STATUS[error.code];
    const id = c.get("requestId");
    if (status >= 500)
      log("error", "request_failed", { requestId: id, code: error.code, ...causeOf(error) });
    for (const [name, value] of Object.entries(errorHeaders(error))) c.header(name, value);
    if (error.code === "method_not_allowed") c.header("allow", String(error.metadata?.allow));
    return c.json(errorBody(c.req.path, error, id), status as ContentfulStatusCode);
  });
  return app;
}

/** Each protocol has a shape of its own for errors. */
function errorBody(path: string, error: VireoError, requestId: string) {
  if (/^\/v1\/messages(\/|$)/.test(path)) return toMessagesError(error, requestId);
  return toErrorBody(error, requestId);
}

/** Puts limits, deadlines and counters around the upstream. */
function shareOut(options: AppOptions, counted: Metrics, now: () => number): RouteOptions {
  const { apiKey, log, prices = FREE, media } = options;
  const keys = options.keys ?? (apiKey === undefined ? undefined : singleKey(apiKey));
  const tenants = new Tenants(prices, now);
  const limitsOf = (tenant: string) => keys?.limitsOf(tenant) ?? {};
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  const held = guarded(fetching(options.upstream, media), { tenants, limitsOf, deadlineMs });
  return { upstream: counted.metered(held), tenants, keys, prices, log, now };
}

function except(
  paths: readonly string[],
  middleware: MiddlewareHandler<Env>,
): MiddlewareHandler<Env> {
  return (c, next) => (paths.includes(c.req.path) ? next() : middleware(c, next));
}

/** 405 where another method would be answered, else 404. */
function noRoute(app: App, method: string, path: string): VireoError {
  const methods = ["GET", "POST"].filter((other) => {
    const [matched] = app.router.match(other, path);
    return matched.some(([[, route]]) => route.method === other);
  });
  if (methods.length === 0) {
    const message = `there is nothing at ${path.slice(0, 200)}; see GET / for what there is`;
    return new VireoError("unknown_url", message);
  }
  const allow = methods.join(", ");
  const message = `${method} is not answered here; use ${allow}`;
  return new VireoError("method_not_allowed", message, { metadata: { allow } });
}

/** For the log of the operator only: where an error came from that nobody outside may see. */
function causeOf(error: VireoError): { readonly message: string; readonly stack?: string } {
  const { cause } = error;
  if (!(cause instanceof Error)) return { message: error.message };
  return { message: cause.message, ...(cause.stack === undefined ? {} : { stack: cause.stack }) };
}
