import { useState } from "react";
import { toBox } from "../answer/boxes.ts";
import { cellText, type Table } from "../answer/json.ts";
import { counted } from "../ui/numbers.ts";
import { BoxMark } from "./box-context.tsx";

const ROWS_AT_FIRST = 200;

export function JsonTable({ table }: { readonly table: Table }) {
  const [all, showAll] = useState(false);
  const rows = all ? table.rows : table.rows.slice(0, ROWS_AT_FIRST);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section className="scroll-x" aria-label="Table" tabIndex={0}>
      <table className="json-table">
        <thead>
          <tr>
            {table.columns.map((column, at) => (
              <th key={column} scope="col" data-number={isNumeric(table, at)}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows never change their places.
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={table.columns[column]} data-number={typeof cell === "number"}>
                  <Cell value={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length < table.rows.length ? (
        <button type="button" className="link-button" onClick={() => showAll(true)}>
          Show all {counted(table.rows.length, "row")}
        </button>
      ) : null}
    </section>
  );
}

function isNumeric({ rows }: Table, column: number): boolean {
  return rows.every((row) => typeof row[column] === "number");
}

function Cell({ value }: { readonly value: unknown }) {
  const box = Array.isArray(value) ? toBox(value) : undefined;
  const text = cellText(value);
  if (box !== undefined) return <BoxMark box={box} text={text} />;
  return typeof value === "object" && value !== null ? <code>{text}</code> : text;
}
