// The plot of a sweep as SVG: quality against tokens, against seconds, and against the format.

import { cellName, type Sweep, type SweepRow } from "./sweep.ts";

const WIDTH = 300;
const HEIGHT = 240;
const LEFT = 44;
const BOTTOM = 40;
const TOP = 34;
const LEGEND_ROW = 18;
/** Colours that people with any colour vision tell apart (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

/** A line of the plot: the cells of one score and format. */
interface Series {
  readonly name: string;
  readonly colour: string;
  readonly isDashed: boolean;
  readonly rows: readonly SweepRow[];
}

/** Draws the means over benchmarks where there are any, else every score. */
export function plotSweep({ rows }: Sweep): string {
  const means = rows.filter(({ key }) => key.startsWith("all "));
  const isMean = means.length > 0;
  const lone = isMean ? [] : rows;
  const series = seriesOf([...means, ...lone]);
  const formats = [...new Set(rows.map(({ cell }) => cell.format ?? "default"))];
  const axes: Axis[] = [
    { title: "prompt tokens per item", valueOf: ({ promptTokens }) => promptTokens },
    { title: "seconds per item", valueOf: ({ seconds }) => seconds },
    {
      title: "format",
      valueOf: ({ cell }) => formats.indexOf(cell.format ?? "default") + 0.5,
      names: formats,
    },
  ];
  const panels = axes.map((axis, at) => panel(axis, series, at * WIDTH));
  const height = HEIGHT + series.length * LEGEND_ROW + 8;
  const legend = series.map((one, at) => legendRow(one, HEIGHT + at * LEGEND_ROW + 10));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${3 * WIDTH} ${height}" ` +
    `font-family="sans-serif" font-size="11" role="img">` +
    `<title>Quality against tokens, seconds and format</title>` +
    `<rect width="100%" height="100%" fill="#fff"/>${panels.join("")}${legend.join("")}</svg>\n`
  );
}

function seriesOf(rows: readonly SweepRow[]): Series[] {
  const names = new Map<string, SweepRow[]>();
  for (const row of rows) {
    const name = `${row.key}, ${row.cell.format ?? "default"}`;
    names.set(name, [...(names.get(name) ?? []), row]);
  }
  return [...names].map(([name, list], at) => {
    const isDashed = Math.floor(at / COLOURS.length) % 2 === 1;
    return { name, colour: COLOURS[at % COLOURS.length]!, isDashed, rows: list };
  });
}

interface Axis {
  readonly title: string;
  readonly valueOf: (row: SweepRow) => number;
  /** Names of the places 0.5, 1.5, … instead of numbers. */
  readonly names?: readonly string[];
}

function panel(axis: Axis, series: readonly Series[], start: number): string {
  const values = series.flatMap(({ rows }) => rows.map(axis.valueOf));
  const most = axis.names?.length ?? niceEnd(Math.max(0, ...values));
  const [x0, y0] = [start + LEFT, HEIGHT - BOTTOM];
  const [width, height] = [WIDTH - LEFT - 14, HEIGHT - BOTTOM - TOP];
  const x = (value: number): number => x0 + (width * value) / most;
  const y = (share: number): number => y0 - height * share;
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share).toFixed(1);
    return (
      `<path d="M${x0} ${at}h${width}" stroke="#ddd"/>` +
      `<text x="${x0 - 6}" y="${at}" dy="4" text-anchor="end">${100 * share}</text>`
    );
  });
  const ticks = (axis.names ?? [0, 0.5, 1].map((share) => String(share * most))).map((text, at) => {
    const place = axis.names === undefined ? (at * most) / 2 : at + 0.5;
    const left = x(place).toFixed(1);
    return `<text x="${left}" y="${y0 + 16}" text-anchor="middle">${escaped(text)}</text>`;
  });
  const title =
    `<text x="${x0 + width / 2}" y="${HEIGHT - 8}" text-anchor="middle">${axis.title}</text>` +
    `<text x="${x0}" y="${TOP - 14}">score in %, with 95 % intervals</text>`;
  const isNamed = axis.names !== undefined;
  const lines = series.map((one, at) => {
    // series of one format would cover each other
    const shift = isNamed ? (at - (series.length - 1) / 2) * 5 : 0;
    return drawSeries(
      one,
      (row) => [x(axis.valueOf(row)) + shift, y(row.score.value)],
      y,
      !isNamed,
    );
  });
  return grid.join("") + ticks.join("") + title + lines.join("");
}

function drawSeries(
  { rows, colour, isDashed }: Series,
  place: (row: SweepRow) => readonly [number, number],
  y: (share: number) => number,
  isJoined: boolean,
): string {
  const spots = rows.map((row) => ({ row, at: place(row) }));
  const path = spots.map(({ at: [px, py] }) => `${px.toFixed(1)} ${py.toFixed(1)}`).join("L");
  const dashes = isDashed ? ' stroke-dasharray="4 3"' : "";
  const line =
    isJoined && spots.length > 1
      ? `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="1.5"${dashes}/>`
      : "";
  const marks = spots.map(({ row, at: [px, py] }) => {
    const [high, low] = [y(row.score.high).toFixed(1), y(row.score.low).toFixed(1)];
    const label = `${row.key}, ${cellName(row.cell)}: ${(100 * row.score.value).toFixed(1)} %`;
    return (
      `<path d="M${px.toFixed(1)} ${low}V${high}" stroke="${colour}" opacity=".4"/>` +
      `<circle cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3.5" fill="${colour}">` +
      `<title>${escaped(label)}</title></circle>`
    );
  });
  return line + marks.join("");
}

function legendRow({ name, colour }: Series, top: number): string {
  return (
    `<circle cx="${LEFT}" cy="${top}" r="4" fill="${colour}"/>` +
    `<text x="${LEFT + 12}" y="${top + 4}">${escaped(name)}</text>`
  );
}

/** The next of 1, 2, 5, 10, … that is not less. */
function niceEnd(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return Number((step * power).toPrecision(2));
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
