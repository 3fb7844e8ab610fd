import { useState } from "react";
import { parseJson } from "../answer/json.ts";
import type { ToolCall } from "../api/types.ts";
import type { ToolResult } from "../state/conversation.ts";
import { Icon } from "../ui/icon.tsx";
import { useThreadActions } from "./actions.ts";

/** The calls of an answer, as the model wrote them. */
export function ToolCalls({ calls }: { readonly calls: readonly ToolCall[] }) {
  return (
    <ul className="tool-calls" aria-label="Tool calls">
      {calls.map((call, at) => (
        <li key={call.id || at}>
          <p>
            <Icon name="wrench" />
            <code>{call.name}</code>
          </p>
          <pre>
            <code>{prettyArguments(call.arguments)}</code>
          </pre>
        </li>
      ))}
    </ul>
  );
}

function prettyArguments(text: string): string {
  const value = parseJson(text);
  return value === undefined ? text : JSON.stringify(value, null, 2);
}

/** A field for each call: the person plays the tools, and the model goes on with what they say. */
export function ToolForm({ calls }: { readonly calls: readonly ToolCall[] }) {
  const [texts, setTexts] = useState<readonly string[]>(() => calls.map(() => ""));
  const { giveResults } = useThreadActions();
  const set = (at: number, text: string): void => setTexts(texts.with(at, text));
  return (
    <form
      className="tool-form"
      aria-label="Results of the tools"
      onSubmit={(event) => {
        event.preventDefault();
        giveResults(texts);
      }}
    >
      <p className="note">
        The model waits for these results. Nothing is run: you say what came out.
      </p>
      {calls.map((call, at) => (
        <label key={call.id || at}>
          <span>
            Result of <code>{call.name}</code>
          </span>
          <textarea
            rows={3}
            spellCheck={false}
            placeholder='{"temperature": 21}'
            value={texts[at] ?? ""}
            onChange={(event) => set(at, event.target.value)}
          />
        </label>
      ))}
      <div className="row">
        <button type="submit" className="main-button">
          Send {calls.length === 1 ? "result" : "results"}
        </button>
      </div>
    </form>
  );
}

export function ToolResultMessage({ result }: { readonly result: ToolResult }) {
  return (
    <article className="message tool-result" aria-label={`Result of ${result.name}`}>
      <p>
        <Icon name="wrench" />
        <code>{result.name}</code> answered
      </p>
      <pre>
        <code>{result.text === "" ? "(nothing)" : prettyArguments(result.text)}</code>
      </pre>
    </article>
  );
}
