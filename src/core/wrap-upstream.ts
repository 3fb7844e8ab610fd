import type { Upstream, UpstreamModel } from "./chat.ts";

/** An upstream in front of another: what it does not do itself, the other does. */
export function wrapUpstream(
  upstream: Upstream,
  own: Pick<Upstream, "chat"> &
    Partial<Pick<Upstream, "estimate" | "look">> & {
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
    look: own.look ?? upstream.look,
    tokenize: (text) => upstream.tokenize(text),
    detokenize: (ids) => upstream.detokenize(ids),
  };
}
