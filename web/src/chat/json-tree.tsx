import { useState } from "react";
import { toBox } from "../answer/boxes.ts";
import { isRecord } from "../api/failure.ts";
import { counted } from "../ui/numbers.ts";
import { BoxMark } from "./box-context.tsx";

/** Deeper values are shown as text, because JSON may be a thousand levels deep. */
const MAX_DEPTH = 40;
const OPEN_LEVELS = 3;
const ENTRIES_AT_FIRST = 100;

export function JsonTree({ value }: { readonly value: unknown }) {
  return (
    <ul className="json-tree">
      <Entry value={value} depth={0} />
    </ul>
  );
}

interface EntryProps {
  readonly name?: string;
  readonly value: unknown;
  readonly depth: number;
}

function Entry({ name, value, depth }: EntryProps) {
  const label = name === undefined ? null : <span className="json-name">{name}</span>;
  const box = Array.isArray(value) ? toBox(value) : undefined;
  const isFolder = typeof value === "object" && value !== null && box === undefined;
  if (!isFolder || depth >= MAX_DEPTH) {
    return (
      <li>
        {label}
        {box === undefined ? (
          <Leaf value={value} />
        ) : (
          <BoxMark box={box} text={JSON.stringify(value)} />
        )}
      </li>
    );
  }
  return <Folder label={label} value={value} depth={depth} />;
}

interface FolderProps {
  readonly label: React.ReactNode;
  readonly value: object;
  readonly depth: number;
}

function Folder({ label, value, depth }: FolderProps) {
  const [open, setOpen] = useState(depth < OPEN_LEVELS);
  const [all, showAll] = useState(false);
  const entries = Object.entries(value);
  const shown = all ? entries : entries.slice(0, ENTRIES_AT_FIRST);
  const size = isRecord(value)
    ? `{ ${counted(entries.length, "field")} }`
    : `[ ${counted(entries.length, "entry", "entries")} ]`;
  return (
    <li>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          {label}
          <span className="json-size">{size}</span>
        </summary>
        {open ? (
          <ul>
            {shown.map(([key, entry]) => (
              <Entry key={key} name={key} value={entry} depth={depth + 1} />
            ))}
            {shown.length < entries.length ? (
              <li>
                <button type="button" className="link-button" onClick={() => showAll(true)}>
                  Show all {counted(entries.length, "entry", "entries")}
                </button>
              </li>
            ) : null}
          </ul>
        ) : null}
      </details>
    </li>
  );
}

function Leaf({ value }: { readonly value: unknown }) {
  const kind = value === null ? "null" : typeof value;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return <span className={`json-${kind}`}>{text === "" ? "(empty)" : text}</span>;
}
