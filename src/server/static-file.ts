import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Context } from "hono";
import type { Env } from "./context.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".mp4": "video/mp4",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

/** A file of a web page, in memory. */
export interface PageFile {
  /** For example /assets/index-C0ffee.js; the page itself is /. */
  readonly path: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  /** The name changes with the content, so browsers may cache the file forever. */
  readonly immutable: boolean;
}

export function isPageType(extension: string): boolean {
  return extension in TYPES;
}

export function toPageFile(path: string, extension: string, content: Buffer): PageFile {
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

/** Allows only the page's own files, its own server, and pictures and videos that users add. */
function policy(styles: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${styles}`,
    "img-src 'self' data: blob:",
    "media-src blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** styles: the allowed sources of a page's styles. */
export function sendPageFile(c: Context<Env>, file: PageFile, styles = "'self'"): Response {
  c.header("content-security-policy", policy(styles));
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
}

/** A compressing proxy marks a tag as weak; the content is the same. */
function knows(header: string | undefined, etag: string): boolean {
  return header?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag) === true;
}
