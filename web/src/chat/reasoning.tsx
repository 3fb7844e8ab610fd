import type { Answer } from "../conversation/model.ts";
import { figuresOf } from "../state/answer.ts";
import { Icon } from "../ui/icon.tsx";
import { counted, seconds } from "../ui/numbers.ts";

/** The model's reasoning, folded. */
export function Reasoning({ answer }: { readonly answer: Answer }) {
  const tokens = answer.usage?.completion_tokens_details?.reasoning_tokens;
  const { reasoningMs } = figuresOf(answer);
  const thinking = answer.status === "streaming" && answer.times.spokeAt === undefined;
  const figures = [
    ...(reasoningMs === undefined ? [] : [seconds(reasoningMs)]),
    ...(tokens === undefined || tokens === 0 ? [] : [counted(tokens, "token")]),
  ];
  return (
    <details className="reasoning">
      <summary>
        <Icon name="chevron" />
        <span data-thinking={thinking}>{thinking ? "Reasoning …" : "Reasoning"}</span>
        {figures.length === 0 ? null : <span className="note">{figures.join(" · ")}</span>}
      </summary>
      <div className="reasoning-text">{answer.reasoning.trim()}</div>
    </details>
  );
}
