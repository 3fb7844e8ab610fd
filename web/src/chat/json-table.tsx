import { useState } from "react";
import { toBox } from "../answer/boxes.ts";
import { cellText, type Table } from "../answer/json.ts";
import { counted } from "../ui/numbers.ts";
import { ScrollArea } from "../ui/scroll-area.tsx";
import { BoxMark, hueOf, useBoxes } from "./box-context.tsx";

const ROWS_AT_FIRST = 200;

export function JsonTable({ table }: { readonly table: Table }) {
  const [all, showAll] = useState(false);
  const rows = all ? table.rows : table.rows.slice(0, ROWS_AT_FIRST);
  return (
    <ScrollArea label="Table">
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
            <Row key={at} columns={table.columns} row={row} />
          ))}
        </tbody>
      </table>
      {rows.length < table.rows.length ? (
        <button type="button" className="link-button" onClick={() => showAll(true)}>
          Show all {counted(table.rows.length, "row")}
        </button>
      ) : null}
    </ScrollArea>
  );
}

function isNumeric({ rows }: Table, column: number): boolean {
  return rows.every((row) => typeof row[column] === "number");
}

interface RowProps {
  readonly columns: readonly string[];
  readonly row: readonly unknown[];
}

/** A row has the colour of its box. Touching or hovering it highlights the box. */
function Row({ columns, row }: RowProps) {
  const { boxes, pointed, point } = useBoxes();
  const box = row
    .map((cell) => (Array.isArray(cell) ? toBox(cell) : undefined))
    .find((found) => boxes.some(({ key }) => key === found?.key));
  const linked =
    box === undefined
      ? {}
      : {
          className: `boxed-row hue-${hueOf(boxes, box.key)}`,
          "data-pointed": pointed === box.key,
          onPointerEnter: () => point(box.key),
          onPointerLeave: () => point(undefined),
        };
  return (
    <tr {...linked}>
      {row.map((cell, column) => (
        <td key={columns[column]} data-number={typeof cell === "number"}>
          <Cell value={cell} />
        </td>
      ))}
    </tr>
  );
}

function Cell({ value }: { readonly value: unknown }) {
  const box = Array.isArray(value) ? toBox(value) : undefined;
  const text = cellText(value);
  if (box !== undefined) return <BoxMark box={box} text={text} />;
  return typeof value === "object" && value !== null ? <code>{text}</code> : text;
}
