import type { VideoOptions } from "../inputs/media/video-settings.ts";
import { type Engine, open } from "../runtime/engine.ts";
import type { EngineInfo, EngineOptions } from "../runtime/engine-options.ts";
import { identityOf, modelFolder } from "./model-folder.ts";
import { type EngineFlags, engineOptions, programs } from "./options.ts";
import { bytesText, printable, type Terminal } from "./terminal.ts";

type MoreOptions = Pick<EngineOptions, "log" | "modelId" | "reasoning" | "onDamage">;

/** Opens the model that the flags name and shows progress. */
export function openEngine(
  flags: EngineFlags,
  terminal: Terminal,
  video: VideoOptions,
  more: MoreOptions = {},
): Promise<Engine> {
  return openEngineBy(open, flags, terminal, video, more);
}

/** Opens an engine in this process or in another one. */
export type EngineOpener<T> = (folder: string, options: EngineOptions) => Promise<T>;

/** Opens the model like openEngine, with a function that decides where the engine runs. */
export async function openEngineBy<T extends { readonly info: EngineInfo }>(
  openFolder: EngineOpener<T>,
  flags: EngineFlags,
  terminal: Terminal,
  video: VideoOptions,
  more: MoreOptions,
): Promise<T> {
  const folder = modelFolder(flags.model);
  terminal.progress(`loading ${flags.model} ...`);
  const engine = await openFolder(folder, {
    ...engineOptions(flags),
    ...identityOf(folder),
    ...more,
    video: { ...video, ...programs() },
    onProgress: ({ doneBytes, totalBytes }) => {
      const percent = Math.floor((doneBytes / Math.max(1, totalBytes)) * 100);
      terminal.progress(`packing ${flags.model}: ${percent} % of ${bytesText(totalBytes)}`);
    },
  });
  const { kernelSet, threads, weightBytes, fromCache, loadMs, videoPruningRate } = engine.info;
  const source = fromCache ? "mapped from the cache" : "packed";
  const seconds = (loadMs / 1000).toFixed(1);
  terminal.note(
    terminal.dim(
      `${flags.model}: ${bytesText(weightBytes)} ${source} in ${seconds} s, ` +
        `${kernelSet} kernels, ${threads} thread${threads === 1 ? "" : "s"}`,
    ),
  );
  const { failed, problem } = engine.info.template;
  if (problem !== undefined) terminal.note(`using the built-in chat template: ${problem}`);
  for (const { name, problem: reason, line } of failed) {
    const place = line === undefined ? "" : `, line ${line}`;
    terminal.note(printable(`the chat template fails at "${name}"${place}: ${reason}`));
  }
  if (videoPruningRate > 0) {
    terminal.note(terminal.dim(pruningNote(videoPruningRate, video.pruningRate === undefined)));
  }
  return engine;
}

/** Says which share of every video the model does not get, and why. */
function pruningNote(rate: number, byCheckpoint: boolean): string {
  const source = byCheckpoint ? "set by the checkpoint" : "set by an option";
  return `videos: EVS drops ${Math.round(rate * 1000) / 10} % of their tokens, ${source}`;
}
