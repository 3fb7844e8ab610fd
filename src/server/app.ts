import { Hono, type MiddlewareHandler } from "hono";
import type { ContentfulStatusCode, StatusCode } from "hono/utils/http-status";
import { VireoError } from "../core/errors.ts";
import { ERROR_STATUS, errorHeaders, toErrorBody, toVireoError } from "../openai/errors.ts";
import type { AppOptions, Env } from "./context.ts";
import { requireKey } from "./middleware/auth.ts";
import { allowHosts } from "./middleware/host.ts";
import { requestId } from "./middleware/request-id.ts";
import { chatCompletions } from "./routes/chat-completions.ts";
import { estimate } from "./routes/estimate.ts";
import { live, ready } from "./routes/health.ts";
import { getModel, listModels } from "./routes/models.ts";
import { playgroundFile, readPlayground } from "./routes/playground.ts";

export type App = Hono<Env>;

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
  const { apiKey, log, hosts = [], now = Date.now } = options;
  const playground = readPlayground();
  const open = [...OPEN_PATHS, ...playground.map(({ path }) => path)];
  const app: App = new Hono<Env>();

  app.use(requestId(log, now));
  app.use(apiKey === undefined ? allowHosts(hosts) : except(open, requireKey(apiKey)));

  for (const file of playground) app.get(file.path, playgroundFile(file));
  for (const prefix of ["", "/v1"]) {
    app.get(`${prefix}/health/live`, live);
    app.get(`${prefix}/health/ready`, ready(options));
  }
  app.get("/health", ready(options));
  app.get("/v1/models", listModels(options));
  app.get("/v1/models/:id{.+}", getModel(options));
  app.post("/v1/chat/completions", chatCompletions(options));
  app.post("/v1/estimate", estimate(options));

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
    return c.json(toErrorBody(error, id), status as ContentfulStatusCode);
  });
  return app;
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
