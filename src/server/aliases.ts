import { VireoError } from "../core/errors.ts";
import type { Upstream, UpstreamModel } from "../core/upstream.ts";
import { wrapUpstream } from "../core/wrap-upstream.ts";
import { findModel } from "../protocols/shared/models.ts";

/** Another name of a model, for clients that insist on their own model names. */
export interface ModelAlias {
  /** A name; one `*` matches any text, as in `claude-*`. */
  readonly name: string;
  /** The model that answers. Undefined: the first. */
  readonly model?: string;
}

/** Reads `claude-*=vireo/mini` or `claude-*`. Throws invalid_option. */
export function parseAlias(text: string): ModelAlias {
  const [name = "", model, ...rest] = text.split("=");
  const isName = /^[^\s*]*\*?[^\s*]*$/.test(name) && name !== "" && rest.length === 0;
  if (!isName || model === "") {
    const message = `--alias ${JSON.stringify(text)} is no alias; give NAME=MODEL, as a-*=nano`;
    throw new VireoError("invalid_option", message);
  }
  return model === undefined ? { name } : { name, model };
}

/**
 * Wraps an upstream whose models have additional names.
 *
 * Throws invalid_option for an alias of an unknown model.
 */
export function withAliases(upstream: Upstream, aliases: readonly ModelAlias[]): Upstream {
  if (aliases.length === 0) return upstream;
  const namesOf = (model: UpstreamModel): string[] =>
    aliases.flatMap(({ name, model: target }) => {
      const wanted = target === undefined ? upstream.models[0] : findModel(upstream.models, target);
      return wanted?.id === model.id ? [name] : [];
    });
  for (const { model } of aliases) {
    if (model === undefined || findModel(upstream.models, model) !== undefined) continue;
    const there = upstream.models.map(({ id }) => id).join(", ");
    const message = `--alias names the model ${model}, which is not served; there is ${there}`;
    throw new VireoError("invalid_option", message);
  }
  return wrapUpstream(upstream, {
    models: () =>
      upstream.models.map((model) => {
        return { ...model, aliases: [...model.aliases, ...namesOf(model)] };
      }),
    chat: (request, signal) => upstream.chat(request, signal),
  });
}
