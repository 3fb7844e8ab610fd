import type { Upstream, UpstreamCapabilities, UpstreamModel } from "./upstream.ts";

/** The parts of an upstream that a wrapper replaces. */
export interface UpstreamWrapper {
  readonly chat: Upstream["chat"];
  readonly models?: () => readonly UpstreamModel[];
  /** Replaces the named capabilities; the others stay those of the wrapped upstream. */
  readonly capabilities?: UpstreamCapabilities;
}

/** Wraps an upstream. The upstream does everything that the wrapper does not replace. */
export function wrapUpstream(upstream: Upstream, wrapper: UpstreamWrapper): Upstream {
  return {
    get models() {
      return wrapper.models?.() ?? upstream.models;
    },
    get ready() {
      return upstream.ready;
    },
    refresh: upstream.refresh && (async () => upstream.refresh?.()),
    chat: wrapper.chat,
    capabilities: { ...upstream.capabilities, ...wrapper.capabilities },
  };
}
