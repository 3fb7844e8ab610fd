import type { Upstream } from "../core/chat.ts";
import type { Log } from "../core/log.ts";

export interface AppOptions {
  readonly upstream: Upstream;
  /** Asked of every caller but those of / and the health routes. Undefined: nobody is asked. */
  readonly apiKey?: string;
  readonly log: Log;
  /** Names in a Host header that are let in when no key is asked; loopback names always are. */
  readonly hosts?: readonly string[];
  /** Unix time in milliseconds. */
  readonly now?: () => number;
}

/** What middleware leaves for routes. */
export interface Env {
  readonly Variables: { readonly requestId: string };
}
