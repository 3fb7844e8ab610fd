/**
 * Pads the cells of rows to columns of equal width, two spaces apart.
 *
 * alignsRight: the columns that are aligned right. Default: none.
 */
export function inColumns(
  rows: readonly (readonly string[])[],
  alignsRight: (column: number) => boolean = () => false,
): string[] {
  const columns = (rows[0] ?? []).map((_, column) => ({
    width: rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
    isRight: alignsRight(column),
  }));
  return rows.map((row) => {
    const cells = row.map((cell, at) => {
      const { width, isRight } = columns[at] ?? { width: 0, isRight: false };
      return isRight ? cell.padStart(width) : cell.padEnd(width);
    });
    return cells.join("  ").trimEnd();
  });
}
