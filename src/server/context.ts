import type { Log } from "../core/log.ts";
import type { Prices } from "../core/prices.ts";
import type { Upstream, UpstreamModel } from "../core/upstream.ts";
import type { MediaFetcher } from "../egress/media-fetcher.ts";
import type { FileStore } from "../files/store.ts";
import type { KeyRing } from "../limits/keys.ts";
import type { Tenants } from "../limits/tenants.ts";
import type { ModelAlias } from "./aliases.ts";
import type { MediaPlaces } from "./resolve-media.ts";
import type { ResponseStore } from "./response-store.ts";
import type { Shutdown } from "./shutdown.ts";

export interface AppOptions {
  readonly upstream: Upstream;
  /** One key for everybody, asked of every caller but those of / and the health routes. */
  readonly apiKey?: string;
  /** Instead: a key for each tenant. Neither: nobody is asked. */
  readonly keys?: KeyRing;
  readonly log: Log;
  /** Names in a Host header that are let in when no key is asked; loopback names always are. */
  readonly hosts?: readonly string[];
  /** More names that models answer to. */
  readonly aliases?: readonly ModelAlias[];
  /** What a token costs; nothing unless said otherwise. */
  readonly prices?: Prices;
  /** Fetches media that requests name by URL. Undefined: such requests are refused. */
  readonly media?: MediaFetcher;
  /** Keeps files that requests name by id. Undefined: none are kept. */
  readonly files?: FileStore;
  /** False: no responses are stored for later requests. Default: true. */
  readonly storesResponses?: boolean;
  /** The longest that a request may take. Default: ten minutes. */
  readonly deadlineMs?: number;
  /** Unix time in milliseconds. */
  readonly now?: () => number;
  /** Ends requests when the server does. Undefined: it never does. */
  readonly shutdown?: Shutdown;
}

/** What routes work with. */
export interface RouteOptions {
  /** Counts, limits and ends in time whatever goes through it. */
  readonly upstream: Upstream;
  readonly tenants: Tenants;
  readonly keys: KeyRing | undefined;
  /** Prices of a model's tokens: its own, else the server's. */
  readonly pricesOf: (model: UpstreamModel) => Prices;
  readonly files: FileStore | undefined;
  /** Undefined: no responses are stored. */
  readonly responses: ResponseStore | undefined;
  /** Where what requests name is found, for routes that need its bytes themselves. */
  readonly places: MediaPlaces;
  readonly deadlineMs: number;
  readonly log: Log;
  readonly now: () => number;
}

/** What middleware leaves for routes. */
export interface Env {
  readonly Variables: {
    readonly requestId: string;
    /** Whose request it is: the name of the key, or "" where nobody is asked. */
    readonly tenant: string;
    /** The body, once it was read. */
    readonly body?: Uint8Array;
    /** To be called when an answer that is streamed is over. */
    readonly onStreamEnd?: () => void;
    /** Aborted when answers have to end because the server does. */
    readonly serverEnd?: AbortSignal;
  };
}
