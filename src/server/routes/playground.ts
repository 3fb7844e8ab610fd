import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Context } from "hono";
import type { Env } from "../context.ts";

/** Where `vite build` leaves the page. */
const BUILT = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "dist", "web");

/** Only its own files, its own server, and pictures that somebody put in. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".svg": "image/svg+xml",
};

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

export interface PlaygroundFile {
  /** As /assets/index-C0ffee.js; the page itself is /. */
  readonly path: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  /** Its name changes with its content, so nobody needs to ask for it twice. */
  readonly immutable: boolean;
}

/**
 * Reads the page into memory, once, at the start. Only what is found now is ever served: no path
 * of a request reaches the file system. A page that was not built is one that says so.
 */
export function readPlayground(folder: string = BUILT): readonly PlaygroundFile[] {
  if (!existsSync(join(folder, "index.html"))) {
    return [toFile("/", ".html", Buffer.from(NOT_BUILT))];
  }
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && extname(entry.name) in TYPES)
    .map((entry) => {
      const full = join(entry.parentPath, entry.name);
      const name = full.slice(folder.length + 1).replaceAll("\\", "/");
      const path = name === "index.html" ? "/" : `/${name}`;
      return toFile(path, extname(entry.name), readFileSync(full));
    });
}

function toFile(path: string, extension: string, content: Buffer): PlaygroundFile {
  const hash = createHash("sha256").update(content).digest("base64url");
  return {
    path,
    type: TYPES[extension] ?? "application/octet-stream",
    bytes: Uint8Array.from(content),
    gzipped: Uint8Array.from(gzipSync(content, { level: 9 })),
    etag: `"${hash.slice(0, 22)}"`,
    immutable: path.startsWith("/assets/"),
  };
}

/** One file of the page for people who open the address in a browser. */
export function playgroundFile(file: PlaygroundFile) {
  return (c: Context<Env>): Response => {
    c.header("content-security-policy", POLICY);
    c.header("referrer-policy", "no-referrer");
    c.header("x-content-type-options", "nosniff");
    c.header("cache-control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
    c.header("etag", file.etag);
    c.header("vary", "accept-encoding");
    if (knows(c.req.header("if-none-match"), file.etag)) return c.body(null, 304);
    c.header("content-type", file.type);
    if (!/\bgzip\b(?!\s*;\s*q=0(?:[,\s]|$))/i.test(c.req.header("accept-encoding") ?? "")) {
      return c.body(file.bytes);
    }
    c.header("content-encoding", "gzip");
    return c.body(file.gzipped);
  };
}

/** A proxy that compresses marks a tag as weak; the content is the same. */
function knows(header: string | undefined, etag: string): boolean {
  return header?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag) === true;
}
