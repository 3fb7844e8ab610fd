import type { UpstreamModel } from "../../core/upstream.ts";
import { cardOf } from "../shared/models.ts";

/** A model in Anthropic's format. */
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

/** All models on one page, whatever the limit, because they are few. */
export function toModelPage(models: readonly UpstreamModel[]) {
  const data = models.map(toModelInfo);
  return {
    data,
    has_more: false,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}
