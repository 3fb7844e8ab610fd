import type { Estimate } from "../api/types.ts";
import { Bar } from "../ui/bar.tsx";
import { Icon } from "../ui/icon.tsx";
import { count, counted, dollars, price, seconds } from "../ui/numbers.ts";
import type { EstimateState } from "./use-estimate.ts";

/** Shows the cost of the next request and its share of the context. */
export function EstimateBar({ state }: { readonly state: EstimateState }) {
  const { estimate, refusal } = state;
  if (refusal !== undefined) {
    return (
      <p className="estimate-warning" role="status">
        <Icon name="alert" />
        {refusal}
      </p>
    );
  }
  if (estimate === undefined) return null;
  const { context, prompt_tokens, predicted } = estimate;
  const cost = price(estimate.cost?.prompt);
  return (
    <div className="estimate" data-fits={context.fits}>
      {context.fits ? null : <TooLong estimate={estimate} />}
      <p>
        <strong>{counted(prompt_tokens, "token")}</strong>
        <span>{partsText(estimate)}</span>
        <span className="grow" />
        {cost === undefined ? null : <span title="Price of the prompt">{dollars(cost)}</span>}
        {predicted === undefined ? null : (
          <span title="Until the answer begins, if nothing else runs here">
            about {seconds(predicted.first_token_ms)}
          </span>
        )}
        <span>{leftText(estimate)}</span>
      </p>
      <Bar share={prompt_tokens / context.limit} />
    </div>
  );
}

function partsText({ prompt_tokens_details: details, documents }: Estimate): string {
  const parts: [tokens: number, of: string][] = [
    [details.text_tokens, "text"],
    [details.image_tokens, documents?.length ? "pictures and pages" : "pictures"],
    [details.video_tokens ?? 0, "videos"],
    [details.tool_tokens, "tools"],
  ];
  const used = parts.filter(([tokens]) => tokens > 0);
  return used.map(([tokens, of]) => `${count(tokens)} ${of}`).join(" + ");
}

function leftText({ context }: Estimate): string {
  return `${count(context.remaining)} of ${count(context.limit)} left`;
}

function TooLong({ estimate: { prompt_tokens, context } }: { readonly estimate: Estimate }) {
  const over = prompt_tokens - context.limit;
  const why =
    over > 0
      ? `This is ${counted(over, "token")} more than the context holds.`
      : "The context has no room left for an answer this long.";
  return (
    <p className="estimate-warning" role="status">
      <Icon name="alert" />
      {why} Leave out pictures or files, set fewer tiles per picture, or start a new chat.
    </p>
  );
}
