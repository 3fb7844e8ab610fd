import type { Upstream, UpstreamModel } from "./upstream.ts";

/** Puts an upstream in front of another, which does everything that the first one leaves out. */
export function wrapUpstream(
  upstream: Upstream,
  own: Pick<Upstream, "chat"> &
    Partial<Pick<Upstream, "estimate" | "inspector">> & {
      readonly models?: () => readonly UpstreamModel[];
    },
): Upstream {
  return {
    get models() {
      return own.models?.() ?? upstream.models;
    },
    get ready() {
      return upstream.ready;
    },
    get load() {
      return upstream.load;
    },
    chat: own.chat,
    estimate: own.estimate ?? ((request, options) => upstream.estimate(request, options)),
    inspector: own.inspector ?? upstream.inspector,
    tokenize: (text) => upstream.tokenize(text),
    detokenize: (ids) => upstream.detokenize(ids),
  };
}
