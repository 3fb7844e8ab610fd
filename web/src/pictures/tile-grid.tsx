import type { PictureEstimate } from "../api/types.ts";
import type { Picture } from "../conversation/model.ts";
import { count, counted } from "../ui/numbers.ts";

interface TileGridProps {
  readonly picture: Picture;
  readonly tiles: PictureEstimate["tiles"];
}

/** Draws the lines between tiles. A picture is stretched to whole tiles, never padded. */
export function TileGrid({ picture: { width, height }, tiles: { columns, rows } }: TileGridProps) {
  const inner = (parts: number): number[] => Array.from({ length: parts - 1 }, (_, at) => at + 1);
  const lines = [
    ...inner(columns).map((at) => `M${(width * at) / columns} 0V${height}`),
    ...inner(rows).map((at) => `M0 ${(height * at) / rows}H${width}`),
  ].join("");
  return (
    <g className="tile-grid" data-columns={columns} data-rows={rows}>
      <path className="tile-grid-under" d={`${lines}M0 0H${width}V${height}H0z`} />
      <path d={`${lines}M0 0H${width}V${height}H0z`} />
    </g>
  );
}

/** "4 × 2 tiles + overview · 2,304 tokens" */
export function tileText({ tiles, tokens }: PictureEstimate): string {
  const { columns, rows, thumbnail } = tiles;
  const grid = columns * rows === 1 ? "1 tile" : `${columns} × ${rows} tiles`;
  return `${grid}${thumbnail ? " + overview" : ""} · ${counted(tokens, "token")}`;
}

/** The size of a picture in pixels. */
export function sizeText({ width, height }: Picture): string {
  return `${count(width)} × ${count(height)}`;
}
