import { stat } from "node:fs/promises";
import { join } from "node:path";
import { VireoError } from "../core/errors.ts";
import {
  findShards,
  readShardHeader,
  readWeightMap,
  type ShardFile,
  type TensorEntry,
  type TensorIndex,
} from "./safetensors.ts";

export interface ShardSurvey {
  readonly name: string;
  /** Absent: there is no such file. */
  readonly bytes?: number;
  /** Absent: the header was read and holds what the index names. */
  readonly problem?: string;
}

export interface CheckpointSurvey {
  /** Tensors of all shards that could be read. */
  readonly index: TensorIndex;
  readonly shards: readonly ShardSurvey[];
  /** Why the names of the shards are unknown. */
  readonly problem?: string;
}

/** Reads every readable header of a checkpoint and reports faults instead of throwing. */
export async function surveyCheckpointFiles(dir: string): Promise<CheckpointSurvey> {
  const tensors = new Map<string, TensorEntry>();
  const files: ShardFile[] = [];
  const shards: ShardSurvey[] = [];
  const index = () => ({
    dir,
    tensors,
    files,
    totalBytes: [...tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0),
  });
  let weightMap: ReadonlyMap<string, string> | undefined;
  let names: readonly string[];
  try {
    weightMap = await readWeightMap(dir);
    names = weightMap === undefined ? await findShards(dir) : [...new Set(weightMap.values())];
  } catch (error) {
    return { index: index(), shards, problem: messageOf(error) };
  }
  for (const name of names.toSorted()) {
    const size = await stat(join(dir, name)).catch(() => undefined);
    if (size === undefined) {
      shards.push({ name, problem: "is missing" });
      continue;
    }
    try {
      const { file, entries } = await readShardHeader(dir, name);
      files.push(file);
      for (const entry of entries) tensors.set(entry.name, entry);
      shards.push({ name, bytes: file.bytes, ...disagreement(name, entries, weightMap) });
    } catch (error) {
      shards.push({ name, bytes: size.size, problem: messageOf(error) });
    }
  }
  return { index: index(), shards };
}

/** Reports tensors that the index places in a shard but the shard lacks. */
function disagreement(
  name: string,
  entries: readonly TensorEntry[],
  weightMap: ReadonlyMap<string, string> | undefined,
): { readonly problem?: string } {
  const held = new Set(entries.map((entry) => entry.name));
  const named = [...(weightMap ?? [])].filter(([, file]) => file === name);
  const lost = named.filter(([tensor]) => !held.has(tensor)).map(([tensor]) => tensor);
  if (lost.length === 0) return {};
  return { problem: `lacks ${lost.length} tensors that the index names, such as ${lost[0]}` };
}

function messageOf(error: unknown): string {
  if (error instanceof VireoError) return error.message;
  throw error;
}
