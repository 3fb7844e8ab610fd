// The small sets that come with vireo, drawn by the project itself.

import { fileURLToPath } from "node:url";
import { BENCHMARK_IDS, type BenchmarkId } from "./types.ts";

/** The name that stands for all sets that come with vireo. */
export const PAGES = "pages";

/** The sets whose items have pictures; the others need ffmpeg for their clips. */
export const PICTURE_SETS = BENCHMARK_IDS.filter(
  (id) => id !== "videomme" && id !== "longvideobench" && id !== "mvbench",
);

/** Folder of the set that comes with vireo for a benchmark. */
export function pagesFolder(benchmark: BenchmarkId): string {
  return fileURLToPath(new URL(`../../eval/pages/${benchmark}`, import.meta.url));
}
