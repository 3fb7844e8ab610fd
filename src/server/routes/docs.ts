import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Context } from "hono";
import { assert } from "../../core/assert.ts";
import type { Env } from "../context.ts";
import { toOpenApi } from "../openapi.ts";
import { type PageFile, sendPageFile, toPageFile } from "../static-file.ts";
import type { Route } from "./route.ts";

/** Swagger UI, which setup copies from its package. */
const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "dist", "api-page");

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>vireo: API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
    <script src="/docs/swagger-ui-bundle.js" defer></script>
    <script src="/docs/start.js" defer></script>
  </head>
  <body><div id="api"></div></body>
</html>
`;

const START = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
});
`;

export const DOCS_PATHS = [
  "/docs",
  "/docs/start.js",
  "/docs/swagger-ui.css",
  "/docs/swagger-ui-bundle.js",
] as const;

/**
 * Serves the API documentation page, on which users can send requests. Its files are read into
 * memory at the first request.
 */
export function docsFile() {
  let files: ReadonlyMap<string, PageFile> | undefined;
  return (c: Context<Env>): Response => {
    files ??= readDocs();
    const file = files.get(c.req.path);
    // The page needs style attributes for colours; scripts may only be its own files.
    assert(file !== undefined, "only these paths are routed here");
    return sendPageFile(c, file, "'self' 'unsafe-inline'");
  };
}

/** The OpenAPI description that the page displays. */
export function openApi(routes: readonly Route[], version: string) {
  let document: ReturnType<typeof toOpenApi> | undefined;
  return (c: Context<Env>): Response => {
    document ??= toOpenApi(routes, version);
    return c.json(document);
  };
}

function readDocs(): ReadonlyMap<string, PageFile> {
  const copied = (name: string): Buffer => readFileSync(join(FOLDER, name));
  const files = [
    toPageFile("/docs", ".html", Buffer.from(PAGE)),
    toPageFile("/docs/start.js", ".js", Buffer.from(START)),
    toPageFile("/docs/swagger-ui.css", ".css", copied("swagger-ui.css")),
    toPageFile("/docs/swagger-ui-bundle.js", ".js", copied("swagger-ui-bundle.js")),
  ];
  return new Map(files.map((file) => [file.path, file]));
}
