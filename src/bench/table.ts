export type Cell = string | number | undefined;

/** Plain text in columns: the first is aligned left, the others right. */
export function formatTable(
  header: readonly string[],
  lines: readonly (readonly Cell[])[],
): string {
  const text = [header, ...lines.map((line) => line.map(show))];
  const widths = header.map((_, column) =>
    text.reduce((most, line) => Math.max(most, line[column]?.length ?? 0), 0),
  );
  return text
    .map((line) =>
      line
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** A number with three significant digits, or a dash for undefined. */
function show(cell: Cell): string {
  if (cell === undefined) return "–";
  if (typeof cell === "string") return cell;
  if (Number.isInteger(cell) || Math.abs(cell) >= 100) return cell.toFixed(0);
  return cell.toFixed(Math.abs(cell) >= 10 ? 1 : 2);
}

export function percent(part: number, whole: number | undefined): string | undefined {
  return whole === undefined || !(whole > 0) ? undefined : `${Math.round((100 * part) / whole)} %`;
}
