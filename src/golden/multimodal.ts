// Cases of the whole path: messages and picture files → ids and image rows → logits.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Backend } from "../backends/backend.ts";
import type { TextFiles } from "../inputs/text-files.ts";
import { decodeImage } from "../media/image.ts";
import { normaliseTiles, tileImage } from "../media/pixels.ts";
import { chooseGrid } from "../media/tiling.ts";
import type { Model } from "../model/load.ts";
import { encodePixels } from "../runtime/forward.ts";
import type { CaseFile } from "./case-files.ts";
import type { Comparison } from "./comparison.ts";
import { compareLanguage, type LanguageCase } from "./language.ts";
import { backendResize } from "./media.ts";
import { type GoldenMessage, promptOf, textOf, toMessages } from "./text.ts";

interface MultimodalCase extends LanguageCase {
  readonly messages: readonly GoldenMessage[];
  readonly images: readonly string[];
  readonly prompt: string;
  readonly tiles_per_image: readonly number[];
}

export async function compareMultimodal(
  backend: Backend,
  model: Model,
  text: TextFiles,
  file: CaseFile,
  comparison: Comparison,
): Promise<void> {
  const json = file.json as unknown as MultimodalCase;
  const { config } = model;
  const files = await Promise.all(json.images.map((name) => readFile(join(file.dir, name))));
  const { pieces } = text.template.render(toMessages(json.messages, files));
  comparison.same("prompt", textOf(text, pieces), json.prompt);

  const encoded: { readonly tiles: number; readonly rows: Float32Array }[] = [];
  for (const bytes of files) encoded.push(await encodeImage(backend, model, bytes));
  const tiles = encoded.map((image) => image.tiles);
  comparison.same("tiles", tiles.join(" "), json.tiles_per_image.join(" "));

  const imageTokens = tiles.map((count) => count * config.vision.tokensPerTile);
  const { ids, spans } = promptOf(text, pieces, imageTokens, config.tokens);
  comparison.same("ids", ids.join(" "), json.input_ids.join(" "));

  const embeds = spans.map(({ mediaIndex }) => encoded[mediaIndex]!.rows);
  const all = embeds.flatMap((rows) => [...rows]);
  comparison.close("image_embeds", all, file.tensors.floats("image_embeds"));
  if (ids.length !== json.input_ids.length) return;
  const rows = spans.map(({ start, mediaIndex }) => [start, encoded[mediaIndex]!.rows] as const);
  await compareLanguage(backend, model, file, comparison, rows);
}

async function encodeImage(backend: Backend, model: Model, bytes: Uint8Array) {
  const { config } = model;
  const image = await decodeImage(bytes, { exifOrientation: "ignore" });
  const { tilePx } = config.vision;
  const { maxTiles } = config.image;
  const grid = chooseGrid(image.width, image.height, { tilePx, maxTiles });
  const resize = backendResize(backend);
  const tiles = await tileImage(image, { grid, tilePx, ...(resize && { resize }) });
  const pixels = normaliseTiles(tiles, config.image);
  const rows = await encodePixels(backend, model, pixels, tiles.count);
  return { tiles: tiles.count, rows };
}
