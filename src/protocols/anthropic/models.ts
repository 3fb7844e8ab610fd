import type { UpstreamModel } from "../../core/upstream.ts";
import { cardOf } from "../shared/models.ts";

/** A model as Anthropic's clients know it. */
export function toModelInfo(model: UpstreamModel) {
  return {
    type: "model",
    id: model.id,
    display_name: cardOf(model).name,
    created_at: new Date(model.createdUnix * 1000).toISOString(),
    max_input_tokens: model.contextTokens,
    max_tokens: model.maxOutputTokens,
  };
}

/** All models: there are few, so they are one page whatever limit is asked for. */
export function toModelPage(models: readonly UpstreamModel[]) {
  const data = models.map(toModelInfo);
  return {
    data,
    has_more: false,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}
