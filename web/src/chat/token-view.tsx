import { type KeyboardEvent, useState } from "react";
import type { Token } from "../api/types.ts";
import { Bar } from "../ui/bar.tsx";
import { percent } from "../ui/numbers.ts";

/** Probability thresholds; below each, a token gets the next stronger colour. */
const LEVELS = [0.95, 0.8, 0.6, 0.4, 0.2] as const;

/** Returns 0 for an almost certain token, up to 5 for a very unlikely one. */
export function levelOf(logprob: number): number {
  const probability = Math.exp(logprob);
  return LEVELS.filter((least) => probability < least).length;
}

/**
 * Shows the answer token by token, coloured by probability. The mouse or the arrow keys select a
 * token; its alternatives are listed below.
 */
export function TokenView({ tokens }: { readonly tokens: readonly Token[] }) {
  const [chosen, choose] = useState<number>();
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    choose(Math.min(tokens.length - 1, Math.max(0, (chosen ?? -step) + step)));
  };
  const token = chosen === undefined ? undefined : tokens[chosen];
  return (
    <div className="token-view">
      {/* biome-ignore lint/a11y/useSemanticElements: no HTML element selects words in a text. */}
      <div
        className="token-text"
        role="group"
        aria-label="Tokens by probability; arrow keys step through them"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys work in it.
        tabIndex={0}
        onKeyDown={onKeyDown}
      >
        {tokens.map((entry, at) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys do the same.
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: tokens never change their places.
            key={at}
            className={`token level-${levelOf(entry.logprob)}`}
            data-chosen={at === chosen}
            onMouseEnter={() => choose(at)}
          >
            {entry.token}
          </span>
        ))}
      </div>
      <div className="token-detail" role="status">
        {token === undefined ? (
          <span className="note">Point at a token to see what else it could have been.</span>
        ) : (
          <Alternatives token={token} />
        )}
      </div>
    </div>
  );
}

function Alternatives({ token }: { readonly token: Token }) {
  const others = token.alternatives.filter((other) => other.token !== token.token);
  return (
    <table className="alternatives">
      <tbody>
        {[token, ...others].map((entry, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two alternatives can read the same.
          <tr key={at} data-chosen={at === 0}>
            <th scope="row">{visible(entry.token)}</th>
            <td>
              <Bar share={Math.exp(entry.logprob)} />
            </td>
            <td>{percent(Math.exp(entry.logprob))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Makes white space visible. */
function visible(text: string): string {
  return text.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥") || "(nothing)";
}
