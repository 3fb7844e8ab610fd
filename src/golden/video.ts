// Cases of video: frames → projected rows → which of them are kept → ids and logits.

import type { Backend } from "../backends/backend.ts";
import { frameLabel, frameSeconds } from "../media/frames.ts";
import { normaliseTiles, tileImage } from "../media/pixels.ts";
import type { Model } from "../model/load.ts";
import { dissimilarity, retainedRows, retentionMask } from "../runtime/evs.ts";
import { encodePixels } from "../runtime/forward.ts";
import type { TextFiles } from "../runtime/text-files.ts";
import type { CaseFile } from "./case-files.ts";
import type { Comparison } from "./comparison.ts";
import { compareLanguage, type LanguageCase } from "./language.ts";
import { backendResize } from "./media.ts";

interface EvsCase {
  readonly cases: readonly {
    readonly embeddings: string;
    readonly frames: number;
    readonly tokens_per_frame: number;
    readonly q: number;
    readonly mask: string;
  }[];
  readonly counts: readonly {
    readonly frames: number;
    readonly tokens_per_frame: number;
    readonly q: number;
    readonly retained: number;
  }[];
}

export function compareEvs(file: CaseFile, comparison: Comparison): void {
  const { cases, counts } = file.json as unknown as EvsCase;
  for (const { embeddings, frames, tokens_per_frame: tokens, q, mask } of cases) {
    const rows = file.tensors.floats(embeddings);
    const differences = dissimilarity({ rows, frames, tokens });
    const wanted = file.tensors.floats(`${embeddings}.dissimilarity`);
    comparison.close(`${embeddings}.dissimilarity`, differences, wanted);
    const kept = retentionMask(differences, retainedRows(frames, tokens, q));
    comparison.same(`mask of ${embeddings} at ${q}`, kept.join(""), mask);
  }
  for (const { frames, tokens_per_frame: tokens, q, retained } of counts) {
    const what = `rows kept of ${frames} × ${tokens} at ${q}`;
    comparison.same(what, String(retainedRows(frames, tokens, q)), String(retained));
  }
  comparison.note(`${cases.length} masks, ${counts.length} counts`);
}

interface VideoCase extends LanguageCase {
  readonly prompt: string;
  readonly fps: number;
  readonly frames_indices: readonly number[];
  readonly frame_texts: readonly string[];
  readonly q: number;
  readonly mask: string;
}

const INTRODUCTION = "This is a video:\n";

export async function compareVideo(
  backend: Backend,
  model: Model,
  text: TextFiles,
  file: CaseFile,
  comparison: Comparison,
): Promise<void> {
  const json = file.json as unknown as VideoCase;
  const { tokensPerTile: tokens } = model.config.vision;
  const frames = json.frames_indices.length;
  const labels = json.frames_indices.map((index, frame) => {
    return frameLabel(frame, frameSeconds(index, json.fps));
  });
  comparison.same("frame texts", [INTRODUCTION, ...labels].join("|"), json.frame_texts.join("|"));

  const rows = await encodeFrames(backend, model, file);
  comparison.close("frame_embeds", rows, file.tensors.floats("frame_embeds"));
  const differences = dissimilarity({ rows, frames, tokens });
  comparison.close("dissimilarity", differences, file.tensors.floats("dissimilarity"));
  const mask = retentionMask(differences, retainedRows(frames, tokens, json.q));
  comparison.same("mask", mask.join(""), json.mask);

  const { ids, visual } = layVideo(model, text, json.prompt, labels, rows, mask);
  comparison.same("ids", ids.join(" "), json.input_ids.join(" "));
  if (ids.length !== json.input_ids.length) return;
  await compareLanguage(backend, model, file, comparison, visual);
}

async function encodeFrames(backend: Backend, model: Model, file: CaseFile): Promise<Float32Array> {
  const [count, height, width] = file.tensors.shape("frames") as [number, number, number, number];
  const bytes = file.tensors.bytes("frames");
  const { tilePx } = model.config.vision;
  const resize = backendResize(backend);
  const grid = { columns: 1, rows: 1 };
  const encoded: number[] = [];
  for (let frame = 0; frame < count; frame++) {
    const size = height * width * 3;
    const rgb = bytes.subarray(frame * size, (frame + 1) * size);
    const tiles = await tileImage(
      { rgb, width, height },
      { grid, tilePx, ...(resize && { resize }) },
    );
    const pixels = normaliseTiles(tiles, model.config.image);
    encoded.push(...(await encodePixels(backend, model, pixels, 1)));
  }
  return Float32Array.from(encoded);
}

/** Ids of the prompt with its video, each piece of text by itself, and the rows that are kept. */
function layVideo(
  model: Model,
  { tokenizer }: TextFiles,
  prompt: string,
  labels: readonly string[],
  rows: Float32Array,
  mask: Uint8Array,
) {
  const { tokens: names, vision } = model.config;
  const [begin, placeholder, end] = [names.imageStart, names.image, names.imageEnd].map((name) => {
    return tokenizer.idOf(name) ?? -1;
  });
  const width = rows.length / mask.length;
  const ids: number[] = [];
  const visual: (readonly [number, Float32Array])[] = [];
  const addFrame = (frame: number, label: string): void => {
    ids.push(...tokenizer.encodeText(frame === 0 ? INTRODUCTION : "\n"));
    ids.push(...tokenizer.encodeText(label), begin!);
    for (let token = 0; token < vision.tokensPerTile; token++) {
      const row = frame * vision.tokensPerTile + token;
      if (!mask[row]) continue;
      visual.push([ids.length, rows.subarray(row * width, (row + 1) * width)]);
      ids.push(placeholder!);
    }
    ids.push(end!);
  };
  for (const run of tokenizer.splitAdded(prompt)) {
    if (typeof run === "string") ids.push(...tokenizer.encodeText(run));
    else if (run.content !== names.video) ids.push(run.id);
    else for (const [frame, label] of labels.entries()) addFrame(frame, label);
  }
  return { ids, visual };
}
