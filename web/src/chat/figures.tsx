import type { Prices, Usage } from "../api/types.ts";
import type { Answer } from "../conversation/model.ts";
import { figuresOf } from "../state/answer.ts";
import { count, dollars, price, seconds } from "../ui/numbers.ts";

/** Shows speed, length, end and cost of an answer. */
export function Figures({ answer, prices }: { answer: Answer; prices: Prices | undefined }) {
  const { usage, status, finishReason } = answer;
  const { firstMs, tokensPerSecond } = figuresOf(answer);
  const cost = usage === undefined ? undefined : costOf(usage, prices);
  const entries: [name: string, value: string, title: string][] = [];
  if (tokensPerSecond !== undefined) {
    entries.push(["speed", `${tokensPerSecond.toFixed(1)} tokens/s`, "After the first token"]);
  }
  if (firstMs !== undefined) {
    entries.push(["first", `first after ${seconds(firstMs)}`, "Time to first token"]);
  }
  if (usage !== undefined) {
    entries.push(["prompt", promptText(usage), "Tokens of the prompt"]);
    entries.push(["completion", completionText(usage), "Tokens of the answer"]);
  }
  if (cost !== undefined) entries.push(["cost", dollars(cost), "Cost of this answer"]);
  const ending = endingOf(status, finishReason);
  return (
    <ul className="figures" aria-label="Figures">
      {entries.map(([name, value, title]) => (
        <li key={name} title={title} data-figure={name}>
          {value}
        </li>
      ))}
      {ending === undefined ? null : <li className="ending">{ending}</li>}
    </ul>
  );
}

function promptText({ prompt_tokens, prompt_tokens_details: details }: Usage): string {
  const parts = [
    ...(details?.image_tokens ? [`${count(details.image_tokens)} from pictures`] : []),
    ...(details?.video_tokens ? [`${count(details.video_tokens)} from videos`] : []),
    ...(details?.cached_tokens ? [`${count(details.cached_tokens)} cached`] : []),
  ];
  return `${count(prompt_tokens)} in${parts.length === 0 ? "" : ` (${parts.join(", ")})`}`;
}

function completionText({ completion_tokens, completion_tokens_details: details }: Usage): string {
  const thought = details?.reasoning_tokens ?? 0;
  return `${count(completion_tokens)} out${thought > 0 ? ` (${count(thought)} reasoning)` : ""}`;
}

/** Returns the cost that the server reports, or the product of its prices and the usage. */
function costOf(usage: Usage, prices: Prices | undefined): number | undefined {
  if (usage.cost !== undefined && usage.cost > 0) return usage.cost;
  const [prompt, completion] = [price(prices?.prompt), price(prices?.completion)];
  if (prompt === undefined && completion === undefined) return undefined;
  return usage.prompt_tokens * (prompt ?? 0) + usage.completion_tokens * (completion ?? 0);
}

/** Returns a note if the answer ended in an unusual way. */
function endingOf(status: Answer["status"], reason: string | undefined): string | undefined {
  if (status === "stopped") return "stopped by you";
  if (status !== "done") return undefined;
  switch (reason) {
    case "length":
      return "cut at the longest answer";
    case "content_filter":
      return "cut by a filter";
    default:
      return undefined;
  }
}
