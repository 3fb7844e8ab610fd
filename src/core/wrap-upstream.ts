import type { Upstream } from "./chat.ts";

/** An upstream in front of another: what it does not do itself, the other does. */
export function wrapUpstream(
  upstream: Upstream,
  own: Pick<Upstream, "chat"> & Partial<Pick<Upstream, "estimate" | "look">>,
): Upstream {
  return {
    get models() {
      return upstream.models;
    },
    get ready() {
      return upstream.ready;
    },
    get load() {
      return upstream.load;
    },
    chat: own.chat,
    estimate: own.estimate ?? ((request, options) => upstream.estimate(request, options)),
    look: own.look ?? upstream.look,
    tokenize: (text) => upstream.tokenize(text),
    detokenize: (ids) => upstream.detokenize(ids),
  };
}
