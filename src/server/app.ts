import { Hono, type MiddlewareHandler } from "hono";
import type { ContentfulStatusCode, StatusCode } from "hono/utils/http-status";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { FREE } from "../core/prices.ts";
import { toVireoError } from "../core/system-errors.ts";
import type { Upstream, UpstreamModel } from "../core/upstream.ts";
import { singleKey } from "../limits/keys.ts";
import { limited } from "../limits/limited-upstream.ts";
import { Tenants } from "../limits/tenants.ts";
import { toGatewayError } from "../protocols/ai-gateway/errors.ts";
import { toMessagesError } from "../protocols/anthropic/errors.ts";
import { ERROR_STATUS, errorHeaders, toErrorBody } from "../protocols/shared/errors.ts";
import { routed } from "../routing/routed.ts";
import { withAliases } from "./aliases.ts";
import type { AppOptions, Env, RouteOptions } from "./context.ts";
import { IdempotencyCache } from "./idempotency-cache.ts";
import { Metrics } from "./metrics.ts";
import { requireKey, requireOperator } from "./middleware/auth.ts";
import { bookBytes } from "./middleware/book-bytes.ts";
import { refuseWhenCrowded } from "./middleware/crowded.ts";
import { allowHosts } from "./middleware/host.ts";
import { idempotent } from "./middleware/idempotency.ts";
import { rateHeaders } from "./middleware/rate-headers.ts";
import { requestId } from "./middleware/request-id.ts";
import { endWithServer, refuseWhenClosing } from "./middleware/shutdown.ts";
import { BodyParser } from "./parsing/body-parser.ts";
import { resolvingMedia } from "./resolve-media.ts";
import { ResponseStore } from "./response-store.ts";
import { type RetentionPolicy, withRetention } from "./retention.ts";
import { readVersion } from "./routes/about.ts";
import { routesOf } from "./routes/catalogue.ts";
import { DOCS_PATHS, docsFile, openApi } from "./routes/docs.ts";
import { asksForAnthropic } from "./routes/models.ts";
import { playgroundFile, readPlayground } from "./routes/playground.ts";
import type { ErrorShape, Route } from "./routes/route.ts";
import { Shutdown } from "./shutdown.ts";

export type App = Hono<Env>;

/** Default maximum duration of a request. */
export const DEADLINE_MS = 10 * 60_000;

/** For the log only: the client has disconnected. */
const CLIENT_GONE = 499;

/**
 * Creates the server without a socket: a Hono app whose `fetch` turns a Request into a Response.
 *
 * Throws invalid_option for an alias of an unknown model.
 *
 * @example
 * const app = createApp({ upstream: engine, log: () => {} });
 * const response = await app.request("/v1/models");
 */
export function createApp(options: AppOptions): App {
  const { log, hosts = [], now = Date.now } = options;
  const elapsed = elapsedOf(options);
  const upstream = routed(options.upstream);
  const metrics = new Metrics(upstream, options.watch);
  const shared = routeOptions({ ...options, upstream }, metrics, now);
  const { keys } = shared;
  const version = readVersion();
  const routes = routesOf(shared, metrics, version);
  const playground = readPlayground();
  const pages = [...playground.map(({ path }) => path), ...DOCS_PATHS, "/openapi.json"];
  const open = [...pages, ...routes.flatMap((route) => (route.open ? [route.path] : []))];
  const app: App = new Hono<Env>();

  const { shutdown = new Shutdown() } = options;
  app.use(requestId(log, elapsed));
  app.use(refuseWhenClosing(shutdown));
  app.use(bookBytes());
  const checks = routes.flatMap(({ tag, path }) => (tag === "Health" ? [path] : []));
  app.use(unless(checks, refuseWhenCrowded(options.isCrowded)));
  app.use(keys === undefined ? unless(checks, allowHosts(hosts)) : unless(open, requireKey(keys)));

  for (const file of playground) app.get(file.path, playgroundFile(file));
  const docs = docsFile();
  for (const path of DOCS_PATHS) app.get(path, docs);
  app.get("/openapi.json", openApi(routes, version));

  const once = idempotent(new IdempotencyCache(elapsed));
  const rates = rateHeaders(shared);
  const ending = endWithServer(shutdown);
  const operators = requireOperator(keys);
  for (const { method, path, generates, operator, handler } of routes) {
    if (operator) app.on(method, path, operators, handler);
    else if (generates) app.on(method, path, rates, once, ending, handler);
    else app.on(method, path, handler);
  }

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
    const isAnthropic = asksForAnthropic(c) && c.req.path.startsWith("/v1/models");
    const toBody = ERROR_BODIES[isAnthropic ? "anthropic" : shapeAt(routes, c.req.path)];
    return c.json(toBody(error, id), status as ContentfulStatusCode);
  });
  return app;
}

const ERROR_BODIES = {
  openai: toErrorBody,
  anthropic: toMessagesError,
  gateway: toGatewayError,
} as const;

/** Selects the error format of the path's protocol. */
function shapeAt(routes: readonly Route[], path: string): ErrorShape {
  return routes.find((route) => route.path === path)?.errors ?? "openai";
}

/** Limits and lifetimes go by this clock, which nobody sets; a clock given by options is both. */
function elapsedOf({ now }: AppOptions): () => number {
  return now ?? (() => performance.now());
}

/** Wraps the upstream and collects the objects that routes need. */
function routeOptions(options: AppOptions, metrics: Metrics, now: () => number): RouteOptions {
  const { apiKey, log, prices = FREE, media, files } = options;
  const keys = options.keys ?? (apiKey === undefined ? undefined : singleKey(apiKey));
  const elapsed = elapsedOf(options);
  const tenants = new Tenants(elapsed);
  const pricesOf = (model: UpstreamModel) => model.prices ?? prices;
  const limitsOf = (tenant: string) => keys?.limitsOf(tenant) ?? {};
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  const places = { media, files };
  const keepsNothing: RetentionPolicy = (tenant) =>
    options.zeroDataRetention === true ||
    options.upstream.capabilities?.zeroDataRetention?.() === true ||
    keys?.keepsNothingOf?.(tenant) === true;
  // Each wrapper contains the previous one; the last is the outermost.
  const wrappers: readonly ((upstream: Upstream) => Upstream)[] = [
    (upstream) => withAliases(upstream, options.aliases ?? []),
    (upstream) => resolvingMedia(upstream, places),
    (upstream) => limited(upstream, { tenants, limitsOf, pricesOf, deadlineMs }),
    (upstream) => metrics.metered(upstream),
    (upstream) => withRetention(upstream, keepsNothing),
  ];
  const upstream = wrappers.reduce((inner, wrap) => wrap(inner), options.upstream);
  const bodies = new BodyParser();
  const responses = options.storesResponses === false ? undefined : new ResponseStore(elapsed);
  return {
    upstream,
    tenants,
    keys,
    keepsNothing,
    pricesOf,
    files,
    bodies,
    responses,
    places,
    deadlineMs,
    log,
    now,
  };
}

function unless(
  paths: readonly string[],
  middleware: MiddlewareHandler<Env>,
): MiddlewareHandler<Env> {
  return (c, next) => (paths.includes(c.req.path) ? next() : middleware(c, next));
}

/** Answers 405 if the path has another method, otherwise 404. */
function noRoute(app: App, method: string, path: string): VireoError {
  const methods = ["GET", "POST", "DELETE"].filter((other) => {
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

/** The internal cause of an error, for the operator's log only. */
function causeOf(error: VireoError): { readonly message: string; readonly stack?: string } {
  const { cause } = error;
  if (!(cause instanceof Error)) return { message: error.message };
  return { message: cause.message, ...defined({ stack: cause.stack }) };
}
