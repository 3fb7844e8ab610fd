// Finds the files of a benchmark in what the user names: a file, a folder, or a snapshot.

import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join, relative } from "node:path";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { BenchmarkId } from "../types.ts";

export const LAYOUTS = ["parquet", "tsv", "json"] as const;
export type Layout = (typeof LAYOUTS)[number];

export interface DataFiles {
  readonly layout: Layout;
  /** In the order in which they are read. */
  readonly files: readonly string[];
  /** Folder to which paths in the data are relative. */
  readonly folder: string;
}

/** How the files of a benchmark are told from others in the same folder, in lower case. */
interface FileNames {
  /** Beginning of a shard's name. */
  readonly split: readonly string[];
  /** Part of the path of the wanted configuration. */
  readonly config?: string;
  /** Names of official JSON files. */
  readonly json: readonly string[];
}

const NAMES: Readonly<Record<BenchmarkId, FileNames>> = {
  mmmu: { split: ["validation"], json: ["mmmu"] },
  mathvista: { split: ["testmini"], json: ["testmini"] },
  ai2d: { split: ["test"], json: ["ai2d"] },
  ocrbench: { split: ["test"], json: ["ocrbench"] },
  "ocrbench-v2": { split: ["test"], json: ["ocrbench_v2"] },
  "ocr-reasoning": { split: ["test", "train"], json: ["ocr_reasoning", "ocr-reasoning"] },
  chartqa: { split: ["test"], json: ["test_human", "test_augmented", "chartqa"] },
  docvqa: { split: ["validation"], config: "docvqa", json: ["val_v1.0", "docvqa"] },
  infovqa: {
    split: ["validation"],
    config: "infographicvqa",
    json: ["infographicsvqa", "infovqa"],
  },
  textvqa: { split: ["validation"], json: ["textvqa"] },
  videomme: { split: ["test"], json: ["videomme", "video-mme"] },
  longvideobench: { split: ["validation"], json: ["lvb_val"] },
  mvbench: { split: [], json: [""] },
};

/**
 * Finds the data at a path. Of a folder with several kinds of files parquet is read before TSV and
 * JSON. Throws invalid_option if nothing there can be read.
 */
export async function findDataFiles(path: string, benchmark: BenchmarkId): Promise<DataFiles> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw noData(path, "does not exist");
  if (found.isFile()) {
    const layout = layoutOf(path);
    if (layout === undefined) throw noData(path, "is no .parquet, .tsv, .json or .jsonl file");
    return { layout, files: [path], folder: dirname(path) };
  }
  const all = await listFiles(path, 0);
  for (const layout of LAYOUTS) {
    const files = chosen(
      all.filter((file) => layoutOf(file) === layout),
      path,
      benchmark,
      layout,
    );
    // MVBench keeps its questions in a folder beside those of the videos
    const isBeside = layout !== "parquet" && benchmark !== "mvbench";
    const folder = isBeside && files[0] !== undefined ? dirname(files[0]) : path;
    if (files.length > 0) return { layout, files, folder };
  }
  throw noData(path, "holds no .parquet, .tsv or .json file of this benchmark");
}

function layoutOf(path: string): Layout | undefined {
  const ending = extname(path).toLowerCase().slice(1);
  return ending === "jsonl" ? "json" : LAYOUTS.find((layout) => layout === ending);
}

function chosen(
  files: readonly string[],
  root: string,
  benchmark: BenchmarkId,
  layout: Layout,
): string[] {
  const { split, config, json } = NAMES[benchmark];
  const inConfig = files.filter((file) => {
    return config === undefined || relative(root, file).toLowerCase().includes(config);
  });
  const beginnings = layout === "parquet" ? split : json;
  const named = (list: readonly string[]): string[] =>
    list.filter((file) => {
      const name = basename(file).toLowerCase();
      return beginnings.length === 0 || beginnings.some((beginning) => name.startsWith(beginning));
    });
  const candidates = inConfig.length > 0 ? inConfig : files;
  const matching = layout === "tsv" ? [] : named(candidates);
  // files with other names are taken only if there are no others to confuse them with
  if (matching.length > 0) return matching.sort();
  return layout === "parquet" || candidates.length === 1 ? [...candidates].sort() : [];
}

async function listFiles(folder: string, depth: number): Promise<string[]> {
  if (depth > LIMITS.eval.folderDepth) return [];
  const files: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    // snapshots of the hub hold links to blobs
    const info = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (info?.isDirectory()) files.push(...(await listFiles(path, depth + 1)));
    else if (info?.isFile()) files.push(path);
    if (files.length > LIMITS.eval.listedFiles) {
      throw noData(folder, `holds more than ${LIMITS.eval.listedFiles} files; name the data file`);
    }
  }
  return files;
}

function noData(path: string, problem: string): VireoError {
  const message =
    `--data ${path} ${problem}. Give a snapshot folder of parquet files, the JSON that the ` +
    "benchmark's authors publish, or a TSV file of VLMEvalKit";
  return new VireoError("invalid_option", message, { param: "data" });
}
