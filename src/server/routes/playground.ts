import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Context } from "hono";
import type { Env } from "../context.ts";
import { isPageType, type PageFile, sendPageFile, toPageFile } from "../static-file.ts";

/** The output folder of `vite build`. */
const BUILT = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "dist", "web");

const NOT_BUILT = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>vireo</title></head>
  <body>
    <h1>vireo</h1>
    <p>The server runs, but its playground is not built. Run <code>npm run setup</code> and start
    the server again. The API needs no page: <code>POST /v1/chat/completions</code>.</p>
  </body>
</html>
`;

/**
 * Reads the playground into memory once, at start. Only these files are served, so no request path
 * reaches the file system. If the page is not built, a page with the build command is served.
 */
export function readPlayground(folder: string = BUILT): readonly PageFile[] {
  if (!existsSync(join(folder, "index.html"))) {
    return [toPageFile("/", ".html", Buffer.from(NOT_BUILT))];
  }
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && isPageType(extname(entry.name)))
    .map((entry) => {
      const full = join(entry.parentPath, entry.name);
      const name = full.slice(folder.length + 1).replaceAll("\\", "/");
      const path = name === "index.html" ? "/" : `/${name}`;
      return toPageFile(path, extname(entry.name), readFileSync(full));
    });
}

/** Serves one file of the playground. */
export function playgroundFile(file: PageFile) {
  return (c: Context<Env>): Response => sendPageFile(c, file);
}
