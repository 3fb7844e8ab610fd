import type { MiddlewareHandler } from "hono";
import { VireoError } from "../../core/errors.ts";
import type { Env } from "../context.ts";

const LOOPBACK = /^(localhost|([\w-]+\.)*localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === "::1";
}

/**
 * Keeps web pages from using a server that needs no key.
 *
 * A page can make its own name resolve to this machine (DNS rebinding); the Host header then still
 * contains the page's name. A page that uses the right name is recognised by its Origin.
 */
export function allowHosts(hosts: readonly string[]): MiddlewareHandler<Env> {
  const allowed = (name: string): boolean => isLoopback(name) || hosts.includes(name.toLowerCase());
  return async (c, next) => {
    const host = hostName(c.req.header("host") ?? new URL(c.req.url).host);
    if (host === undefined || !allowed(host)) throw refusal("Host");
    const origin = c.req.header("origin");
    if (origin !== undefined) {
      const name = /^https?:\/\//i.test(origin)
        ? hostName(origin.replace(/^https?:\/\//i, ""))
        : undefined;
      if (name === undefined || !allowed(name)) throw refusal("Origin");
    }
    await next();
  };
}

function hostName(host: string): string | undefined {
  return /^(\[[\da-f:.]+\]|[^:/@\s[\]]+)(:\d{1,5})?$/i.exec(host)?.[1];
}

function refusal(header: string): VireoError {
  const out = "use http://localhost, or start the server with an API key";
  const message = `the ${header} header names a host that is not served here; ${out}`;
  return new VireoError("host_not_allowed", message);
}
