import { inspectTools } from "../state/inspect.ts";
import { counted } from "../ui/numbers.ts";
import { type SettingsProps, TextField } from "./fields.tsx";

const EXAMPLE = `[
  {
    "name": "get_weather",
    "description": "The weather in a city, now",
    "parameters": {
      "type": "object",
      "properties": { "city": { "type": "string" } },
      "required": ["city"]
    }
  }
]`;

/** Edits the functions that the model may call. The user types in their results. */
export function ToolsSection({ settings, change }: SettingsProps) {
  const read = inspectTools(settings.tools);
  const names = "tools" in read ? read.tools.map((tool) => tool.function.name) : [];
  return (
    <>
      <TextField
        label="Definitions (JSON)"
        rows={7}
        code
        placeholder='[{"name": "…", "description": "…", "parameters": {…}}]'
        value={settings.tools}
        problem={"problem" in read ? read.problem : undefined}
        onChange={(tools) => change({ tools })}
      />
      {settings.tools === "" ? (
        <button type="button" className="link-button" onClick={() => change({ tools: EXAMPLE })}>
          Start from an example
        </button>
      ) : null}
      {names.length === 0 ? null : (
        <>
          <p className="note">{`${counted(names.length, "tool")}: ${names.join(", ")}`}</p>
          <label className="field">
            <span>Choice</span>
            <select
              value={settings.toolChoice}
              onChange={(event) => change({ toolChoice: event.target.value })}
            >
              <option value="auto">The model decides</option>
              <option value="required">It must call one</option>
              <option value="none">It must call none</option>
              {names.map((name) => (
                <option key={name} value={name}>{`It must call ${name}`}</option>
              ))}
            </select>
          </label>
          <label className="check">
            <input
              type="checkbox"
              checked={settings.parallelToolCalls}
              onChange={(event) => change({ parallelToolCalls: event.target.checked })}
            />
            Several calls at once
          </label>
        </>
      )}
    </>
  );
}
