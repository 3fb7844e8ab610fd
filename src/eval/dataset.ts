// A benchmark's data on disk, as items.

import { createHash } from "node:crypto";
import { defined } from "../core/defined.ts";
import { BENCHMARKS } from "./benchmarks.ts";
import { type DataFiles, findDataFiles, type Layout } from "./loaders/find-files.ts";
import { TO_ITEM } from "./loaders/items.ts";
import { readJsonRows } from "./loaders/json-rows.ts";
import { countParquetRows, readParquetRows } from "./loaders/parquet.ts";
import type { Row } from "./loaders/row.ts";
import { countTsvRows, readTsvRows } from "./loaders/tsv.ts";
import { print } from "./python/print.ts";
import type { BenchmarkId, Item } from "./types.ts";

export interface Dataset {
  readonly benchmark: BenchmarkId;
  readonly layout: Layout;
  /** Items in the files. */
  readonly items: number;
  /** Tells that the number of items differs from the benchmark's; undefined if it does not. */
  readonly warning?: string;
  /**
   * Reads the items in order; the pictures of few are in memory at once. `media` false: without
   * pictures, for scoring.
   */
  read(options?: { readonly media?: boolean }): AsyncGenerator<Item>;
}

/** Opens the data at a path. Throws invalid_option where nothing readable is there. */
export async function openDataset(benchmark: BenchmarkId, path: string): Promise<Dataset> {
  const files = await findDataFiles(path, benchmark);
  const items = await countRows(files);
  const { items: stated, split } = BENCHMARKS[benchmark];
  const difference = `${items} items; the benchmark states ${stated} for its split ${split}`;
  return {
    benchmark,
    layout: files.layout,
    items,
    ...defined({ warning: items === stated ? undefined : difference }),
    read: ({ media = true } = {}) => readItems(benchmark, files, media),
  };
}

async function countRows({ layout, files }: DataFiles): Promise<number> {
  if (layout === "parquet") return countParquetRows(files);
  let count = 0;
  for (const file of files) {
    count += layout === "tsv" ? await countTsvRows(file) : (await readJsonRows(file, "")).length;
  }
  return count;
}

async function* readItems(
  benchmark: BenchmarkId,
  files: DataFiles,
  withMedia: boolean,
): AsyncGenerator<Item> {
  const seen = new Map<string, number>();
  let at = 0;
  for await (const row of readRows(files, withMedia)) {
    const item = TO_ITEM[benchmark](row, at);
    at += 1;
    // data sets repeat ids now and then; answers are kept by id
    const times = (seen.get(item.id) ?? 0) + 1;
    seen.set(item.id, times);
    yield times === 1 ? item : { ...item, id: `${item.id}#${times}` };
  }
}

async function* readRows(
  { layout, files, folder }: DataFiles,
  withMedia: boolean,
): AsyncGenerator<Row> {
  if (layout === "parquet") {
    yield* readParquetRows(files, folder, withMedia);
    return;
  }
  for (const file of files) {
    yield* layout === "tsv" ? readTsvRows(file, folder) : await readJsonRows(file, folder);
  }
}

/**
 * SHA-256 of an item's question, options and golds, and of its pictures. Videos count by their
 * path, because reading them all would take long.
 */
export async function hashItem(item: Item): Promise<string> {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([item.question, item.options, item.golds.map(print)]));
  for (const media of item.media) {
    hash.update(media.type === "image" ? await media.read() : media.path);
  }
  return hash.digest("hex");
}

/** SHA-256 over the sorted ids of items and their hashes, so the order of shards has no part. */
export function hashDataset(hashes: ReadonlyMap<string, string>): string {
  const lines = [...hashes].map(([id, hash]) => `${id} ${hash}\n`).sort();
  return createHash("sha256").update(lines.join("")).digest("hex");
}
