import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Context } from "hono";
import type { Env } from "../context.ts";

const web = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "web");

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

/** Path → file and its type. */
export const PLAYGROUND_FILES = Object.freeze({
  "/": ["index.html", "text/html; charset=utf-8"],
  "/playground.css": ["playground.css", "text/css; charset=utf-8"],
  "/playground.js": ["playground.js", "text/javascript; charset=utf-8"],
} as const);

/** One file of the page for people who open the address in a browser. Read once, at the start. */
export function playgroundFile([name, type]: readonly [string, string]) {
  const body = readFileSync(join(web, name), "utf8");
  return (c: Context<Env>): Response => {
    c.header("content-security-policy", POLICY);
    c.header("referrer-policy", "no-referrer");
    c.header("cache-control", "no-cache");
    return c.body(body, 200, { "content-type": type });
  };
}
