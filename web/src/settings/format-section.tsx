import { inspectSchema } from "../state/inspect.ts";
import type { FormatMode } from "../state/settings.ts";
import { Segments, type SettingsProps, TextField } from "./fields.tsx";

const FORMATS: readonly (readonly [FormatMode, string])[] = [
  ["text", "Free"],
  ["json_object", "JSON"],
  ["json_schema", "Schema"],
];

const EXAMPLE = `{
  "type": "object",
  "properties": {
    "items": {
      "type": "array",
      "items": {
        "type": "object",
        "properties": {
          "name": { "type": "string" },
          "price": { "type": "number" }
        },
        "required": ["name", "price"],
        "additionalProperties": false
      }
    }
  },
  "required": ["items"],
  "additionalProperties": false
}`;

/** Edits the format that the answer must have. */
export function FormatSection({ settings, change }: SettingsProps) {
  const { format, schema } = settings;
  const read = inspectSchema(schema);
  return (
    <>
      <Segments
        label="Answer format"
        options={FORMATS}
        value={format}
        onChange={(mode) => change({ format: mode })}
      />
      {format === "json_schema" ? (
        <>
          <TextField
            label="JSON schema"
            rows={9}
            code
            placeholder='{"type": "object", …}'
            value={schema}
            problem={"problem" in read ? read.problem : undefined}
            onChange={(text) => change({ schema: text })}
          />
          {schema === "" ? (
            <button
              type="button"
              className="link-button"
              onClick={() => change({ schema: EXAMPLE })}
            >
              Start from an example
            </button>
          ) : null}
        </>
      ) : null}
    </>
  );
}
