import type { Booking, ByteBudget } from "../core/byte-budget.ts";
import type { Log } from "../core/log.ts";
import type { Prices } from "../core/prices.ts";
import type { Upstream, UpstreamModel } from "../core/upstream.ts";
import type { MediaFetcher } from "../egress/media-fetcher.ts";
import type { FileStore } from "../files/store.ts";
import type { KeyRing } from "../limits/keys.ts";
import type { Tenants } from "../limits/tenants.ts";
import type { ModelAlias } from "./aliases.ts";
import type { LoopWatch } from "./loop-watch.ts";
import type { BodyParser } from "./parsing/body-parser.ts";
import type { MediaPlaces } from "./resolve-media.ts";
import type { ResponseStore } from "./response-store.ts";
import type { RetentionPolicy } from "./retention.ts";
import type { Shutdown } from "./shutdown.ts";

export interface AppOptions {
  readonly upstream: Upstream;
  /** One key for all callers. The pages and the health routes need none. */
  readonly apiKey?: string;
  /** One key per tenant, instead of `apiKey`. Without both, no key is needed. */
  readonly keys?: KeyRing;
  readonly log: Log;
  /** Host names that are accepted when no key is needed; loopback names always are. */
  readonly hosts?: readonly string[];
  /** Additional names of models. */
  readonly aliases?: readonly ModelAlias[];
  /** Prices per token of models without their own. Default: free. */
  readonly prices?: Prices;
  /** Fetches media that requests refer to by URL. Undefined: such requests are refused. */
  readonly media?: MediaFetcher;
  /** Stores files that requests refer to by id. Undefined: no files are stored. */
  readonly files?: FileStore;
  /** False: no responses are stored for later requests. Default: true. */
  readonly storesResponses?: boolean;
  /** Nothing of any request or answer is kept. Default: as the key or the request asks. */
  readonly zeroDataRetention?: boolean;
  /** Maximum duration of a request. Default: ten minutes. */
  readonly deadlineMs?: number;
  /** Unix time in milliseconds. */
  readonly now?: () => number;
  /** Measures stalls for /metrics. Undefined: they are not measured. */
  readonly watch?: LoopWatch;
  /** Ends requests when the server shuts down. Undefined: the server never shuts down. */
  readonly shutdown?: Shutdown;
  /** True while only health checks are answered. Default: never. */
  readonly isCrowded?: () => boolean;
}

/** Everything that routes need. */
export interface RouteOptions {
  /** The wrapped upstream: it resolves aliases and media, applies limits and counts. */
  readonly upstream: Upstream;
  readonly tenants: Tenants;
  readonly keys: KeyRing | undefined;
  readonly keepsNothing: RetentionPolicy;
  /** Prices of a model's tokens: its own, else the server's. */
  readonly pricesOf: (model: UpstreamModel) => Prices;
  readonly files: FileStore | undefined;
  readonly bodies: BodyParser;
  /** Undefined: no responses are stored. */
  readonly responses: ResponseStore | undefined;
  /** Resolves media of requests, for routes that need the bytes themselves. */
  readonly places: MediaPlaces;
  readonly deadlineMs: number;
  readonly log: Log;
  readonly now: () => number;
}

/** Values that middleware passes to routes. */
export interface Env {
  readonly Variables: {
    readonly requestId: string;
    /** The tenant: the name of the key, or "" if no key is needed. */
    readonly tenant: string;
    /** The key may read what concerns all tenants. */
    readonly isOperator?: boolean;
    /** The memory budget of all request bodies, and the booking of this request. */
    readonly memory?: ByteBudget;
    readonly booking?: Booking;
    /** The body between reading and parsing. */
    readonly body?: Uint8Array | undefined;
    /** True if the answer must not be kept for retries. */
    readonly keepsNothing?: boolean;
    /** Must be called when a streamed answer has ended. */
    readonly onStreamEnd?: () => void;
    /** Aborted when answers must end because the server shuts down. */
    readonly serverEnd?: AbortSignal;
  };
}
