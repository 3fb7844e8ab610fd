// Cases of video: frames → projected rows → which of them are retained → ids and logits.

import type { Backend } from "../backends/backend.ts";
import { dissimilarity, retainedRows, retentionMask } from "../inputs/media/evs.ts";
import { placeVideoRows } from "../inputs/prompt.ts";
import type { TextFiles } from "../inputs/text-files.ts";
import { frameTexts, VIDEO_GLUE } from "../media/frames.ts";
import { normaliseTiles, tileImage } from "../media/pixels.ts";
import type { Model } from "../model/load.ts";
import { encodePixels } from "../runtime/forward.ts";
import type { CaseFile } from "./case-files.ts";
import type { Comparison } from "./comparison.ts";
import { compareLanguage, type LanguageCase } from "./language.ts";
import { backendResize } from "./media.ts";
import { type GoldenMessage, promptOf, toMessages } from "./text.ts";

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

export async function compareEvs(
  backend: Backend,
  file: CaseFile,
  comparison: Comparison,
): Promise<void> {
  const { cases, counts } = file.json as unknown as EvsCase;
  for (const { embeddings, frames, tokens_per_frame: tokens, q, mask } of cases) {
    const rows = file.tensors.floats(embeddings);
    const differences = await dissimilarity(backend, { rows, frames, tokens });
    const golden = file.tensors.floats(`${embeddings}.dissimilarity`);
    comparison.close(`${embeddings}.dissimilarity`, differences, golden);
    const retained = retentionMask(differences, retainedRows(frames, tokens, q));
    comparison.same(`mask of ${embeddings} at ${q}`, retained.join(""), mask);
  }
  for (const { frames, tokens_per_frame: tokens, q, retained } of counts) {
    const what = `rows kept of ${frames} × ${tokens} at ${q}`;
    comparison.same(what, String(retainedRows(frames, tokens, q)), String(retained));
  }
  comparison.note(`${cases.length} masks, ${counts.length} counts`);
}

interface VideoCase extends LanguageCase {
  readonly messages: readonly GoldenMessage[];
  readonly prompt: string;
  readonly fps: number;
  readonly frames_indices: readonly number[];
  readonly frame_texts: readonly string[];
  readonly q: number;
  readonly mask: string;
}

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
  const shown = json.frames_indices.map((index) => ({ index, seconds: index / json.fps }));
  const texts = frameTexts(shown, json.fps, VIDEO_GLUE.training);
  const printed = texts.flat().filter((piece) => piece !== VIDEO_GLUE.training.between);
  comparison.same("frame texts", printed.join("|"), json.frame_texts.join("|"));

  const rows = await encodeFrames(backend, model, file);
  comparison.close("frame_embeds", rows, file.tensors.floats("frame_embeds"));
  const differences = await dissimilarity(backend, { rows, frames, tokens });
  comparison.close("dissimilarity", differences, file.tensors.floats("dissimilarity"));
  const mask = retentionMask(differences, retainedRows(frames, tokens, json.q));
  comparison.same("mask", mask.join(""), json.mask);
  comparison.note(`EVS rate ${json.q}`);

  const { ids, visual } = layVideo(model, text, json.messages, texts, rows, mask);
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

/** Ids of the prompt with its video in the engine's layout, and the retained rows. */
function layVideo(
  model: Model,
  text: TextFiles,
  messages: readonly GoldenMessage[],
  texts: readonly (readonly string[])[],
  rows: Float32Array,
  mask: Uint8Array,
) {
  const { tokens: names, vision } = model.config;
  const { pieces } = text.template.render(toMessages(messages, []));
  const retained = [...mask.keys()].filter((row) => mask[row] === 1);
  const video = { texts, tokens: retained.length, prunes: true };
  const prompt = promptOf(text, pieces, [], names, [video]);
  const shares = texts.map((_, frame) => {
    return retained.filter((row) => Math.floor(row / vision.tokensPerTile) === frame).length;
  });
  const spans = placeVideoRows(prompt.ids, prompt.spans, prompt.pendingVideos[0]!, shares);
  const width = rows.length / mask.length;
  const visual = spans.flatMap(({ start, length, row }) =>
    retained.slice(row, row + length).map((from, at) => {
      return [start + at, rows.subarray(from * width, (from + 1) * width)] as const;
    }),
  );
  return { ids: prompt.ids, visual };
}
