import { useState } from "react";
import { type Table, tableOf, toCsv } from "../answer/json.ts";
import type { PartialJson } from "../answer/partial-json.ts";
import { CodeBox } from "../ui/code.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { download } from "../ui/download.ts";
import { Icon } from "../ui/icon.tsx";
import { JsonTable } from "./json-table.tsx";
import { JsonTree } from "./json-tree.tsx";

type View = keyof typeof NAMES;
const NAMES = { table: "Table", tree: "Tree", text: "Text" } as const;

interface JsonViewProps {
  readonly json: PartialJson;
  readonly text: string;
}

/** Shows JSON as a table if it is one, as a tree, or as text; as a tree while it streams. */
export function JsonView({ json: { value, complete }, text }: JsonViewProps) {
  const table = complete ? tableOf(value) : undefined;
  const views: readonly View[] = table === undefined ? ["tree", "text"] : ["table", "tree", "text"];
  const [chosen, choose] = useState<View>();
  const view = chosen ?? views[0] ?? "tree";
  return (
    <div className="json-view">
      <div className="code-head">
        <fieldset className="segments">
          <legend className="hidden">Show JSON as</legend>
          {views.map((name) => (
            <button
              type="button"
              key={name}
              aria-pressed={name === view}
              onClick={() => choose(name)}
            >
              {NAMES[name]}
            </button>
          ))}
        </fieldset>
        <span className="grow" />
        {table === undefined ? null : <CsvButtons table={table} />}
        {complete ? (
          <CopyButton label="JSON" caption="JSON" text={() => JSON.stringify(value, null, 2)} />
        ) : (
          <span className="note">incomplete</span>
        )}
      </div>
      {view === "table" && table !== undefined ? <JsonTable table={table} /> : null}
      {view === "tree" ? <JsonTree value={value} /> : null}
      {view === "text" ? <CodeBox text={text.trim()} language="json" /> : null}
    </div>
  );
}

function CsvButtons({ table }: { readonly table: Table }) {
  const save = (): void => {
    // The byte order mark tells spreadsheets that the text is UTF-8.
    download(new Blob(["\ufeff", toCsv(table)], { type: "text/csv" }), "table.csv");
  };
  return (
    <>
      <CopyButton label="table as CSV" caption="CSV" text={() => toCsv(table)} />
      <button type="button" className="icon-button small" aria-label="Download CSV" onClick={save}>
        <Icon name="download" />
      </button>
    </>
  );
}
