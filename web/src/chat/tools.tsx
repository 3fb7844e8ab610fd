import { useState } from "react";
import { parseJson } from "../answer/json.ts";
import type { ToolCall } from "../api/types.ts";
import type { ToolResult } from "../conversation/model.ts";
import { Code } from "../ui/code.tsx";
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
          <pre className="wrapped">
            <Code text={prettyArguments(call.arguments)} language="json" />
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

/** A call that the server could not read, without the model's markup around it. */
export function MalformedCall({ text }: { readonly text: string }) {
  return (
    <div className="malformed-call" role="note">
      <p>
        <Icon name="wrench" />
        The model tried to call a tool, but its call cannot be read.
      </p>
      <details>
        <summary>
          <Icon name="chevron" />
          Show what it wrote
        </summary>
        <pre className="wrapped">
          <Code text={text} language="json" />
        </pre>
      </details>
    </div>
  );
}

/** Shows a field for each call. The user types in the results, and the model continues. */
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
        The model waits for these results. The page runs nothing: type in what each tool returned.
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
      <pre className="wrapped">
        <Code
          text={result.text === "" ? "(nothing)" : prettyArguments(result.text)}
          language="json"
        />
      </pre>
    </article>
  );
}
