import type { Prices } from "../core/prices.ts";
import type { EstimateBody, Range } from "../protocols/vireo/estimate.ts";
import { inColumns } from "./columns.ts";

/** A file and its estimate. */
export interface Counted {
  readonly file: string;
  readonly kind: "image" | "document" | "video" | "text";
  /** Tokens of a text file; 0 for other kinds. */
  readonly textTokens: number;
  readonly estimate: EstimateBody;
}

/** Formats one line per file, in columns, and a line of sums if there are several files. */
export function tokensTable(files: readonly Counted[], prices: Prices): string[] {
  const prunes = files.some(({ kind }) => kind === "video");
  const costs = prices.prompt > 0n;
  const timed = files.some(({ estimate }) => estimate.predicted !== undefined);
  const head = ["file", "kind", "holds", "tokens"];
  if (prunes) head.push("after EVS");
  head.push("prompt", "fits");
  if (costs) head.push("USD");
  if (timed) head.push("first token", "each more");
  const rows = files.map((one) => {
    const { context, cost, predicted } = one.estimate;
    const row = [one.file, one.kind, contentOf(one), String(tokensBefore(one))];
    if (prunes) row.push(String(tokensAfter(one)));
    row.push(promptOf(one.estimate), context.fits ? "yes" : `no, over ${context.limit}`);
    if (costs) row.push(cost.prompt);
    if (predicted) row.push(timeText(predicted.first_token_ms), timeText(predicted.token_ms));
    return row;
  });
  if (files.length > 1) {
    const sum = (count: (one: Counted) => number): string =>
      String(files.reduce((total, one) => total + count(one), 0));
    const row = [`${files.length} files`, "", "", sum(tokensBefore)];
    if (prunes) row.push(sum(tokensAfter));
    row.push(
      sum(({ estimate }) => estimate.prompt_tokens),
      "",
    );
    rows.push(row);
  }
  return align([head, ...rows]);
}

/** Formats one line per page or image with its tiles, or per frame with its time. */
export function eachLines({ kind, estimate }: Counted): string[] {
  const { images, documents, videos } = estimate;
  const pages = new Map(
    documents.flatMap((one) => one.pages.map(({ page, image }) => [image, page])),
  );
  const pictures = images.map(({ index, width, height, tiles, tokens }) => [
    kind === "document" ? `page ${pages.get(index)}` : "picture",
    `${width} x ${height}`,
    `${tiles.columns} x ${tiles.rows} tiles${tiles.thumbnail ? " and 1" : ""}`,
    String(tokens),
  ]);
  const frames = videos.flatMap(({ frames: { sampled }, tokens_unpruned, pruning_rate }) =>
    sampled.map(({ index, seconds, tokens }) => [
      `frame ${index}`,
      seconds === undefined ? "" : `${seconds.toFixed(2)} s`,
      "",
      String(tokens_unpruned / sampled.length),
      ...(pruning_rate > 0 ? [rangeText(tokens)] : []),
    ]),
  );
  return align([...pictures, ...frames]).map((line) => `  ${line}`);
}

function promptOf({ prompt_tokens, prompt_tokens_range: range }: EstimateBody): string {
  return range ? rangeText(range) : String(prompt_tokens);
}

function rangeText({ least, most }: Range): string {
  return least === most ? String(most) : `${least}-${most}`;
}

function timeText(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function contentOf({ kind, estimate }: Counted): string {
  const { images, documents, videos } = estimate;
  const [image, document, video] = [images[0], documents[0], videos[0]];
  if (kind === "document" && document) {
    return `${document.pages.length} of ${document.total_pages} pages`;
  }
  if (kind === "video" && video) {
    return `${video.frames.sampled.length} of ${video.frames.total} frames`;
  }
  if (image === undefined) return "";
  const { count } = image.tiles;
  return `${image.width} x ${image.height}, ${count} tile${count === 1 ? "" : "s"}`;
}

function tokensBefore({ kind, textTokens, estimate }: Counted): number {
  if (kind === "text") return textTokens;
  const { image_tokens } = estimate.prompt_tokens_details;
  return estimate.videos.reduce((sum, video) => sum + video.tokens_unpruned, image_tokens);
}

function tokensAfter({ kind, textTokens, estimate }: Counted): number {
  const { image_tokens, video_tokens } = estimate.prompt_tokens_details;
  return kind === "text" ? textTokens : image_tokens + video_tokens;
}

/** Pads columns: numbers align right, everything else left. */
function align(rows: readonly (readonly string[])[]): string[] {
  const [, ...data] = rows;
  const isNumber = (column: number) => data.every((row) => /^[\d.]*$/.test(row[column] ?? ""));
  return inColumns(rows, (column) => data.length > 0 && isNumber(column));
}
