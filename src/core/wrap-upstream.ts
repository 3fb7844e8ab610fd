import type { Upstream, UpstreamCapabilities, UpstreamModel } from "./upstream.ts";

/** The parts of an upstream that a wrapper replaces. */
export interface UpstreamWrapper {
  readonly chat: Upstream["chat"];
  readonly models?: () => readonly UpstreamModel[];
  /** Replaces the capabilities that it names; the others stay those of the wrapped upstream. */
  readonly capabilities?: UpstreamCapabilities;
}

/** Puts a wrapper in front of an upstream, which does everything that the wrapper leaves out. */
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
