import { type Command, Option } from "commander";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { readUserFile, writeUserFile } from "../extract/user-files.ts";
import type { Engine } from "../runtime/engine.ts";
import { captionVideo, chaptersOf } from "../video/captions.ts";
import { type Caption, clock, toSrt, toVtt } from "../video/subtitles.ts";
import { askVideo, type WatchOptions, type WindowAnswer } from "../video/watch.ts";
import { interruptible } from "./interruptible.ts";
import { openEngine } from "./open-engine.ts";
import {
  between,
  type EngineFlags,
  framesPerSecond,
  maxFrames,
  pruningRate,
  wholeNumber,
  withEngineOptions,
} from "./options.ts";
import { openTerminal, printable, type Terminal } from "./terminal.ts";

interface VideoFlags extends EngineFlags {
  readonly captions?: boolean;
  readonly chapters?: boolean;
  readonly as?: "srt" | "vtt" | "json" | "text";
  readonly out?: string;
  readonly window?: number;
  readonly overlap?: number;
  readonly fps?: number;
  readonly frames?: number;
  readonly evs?: number;
  readonly maxTokens?: number;
  readonly instruction?: string;
}

const seconds = between(0, LIMITS.videoSeconds);

export function addVideo(program: Command): void {
  const command = program
    .command("video")
    .summary("ask about a video of any length, or write its captions and chapters")
    .description(
      "Looks at a video window by window. A question is answered for each window and then for " +
        "the whole video; captions and chapters come with times. Needs ffmpeg.",
    )
    .argument("<file>", "MP4, MOV, MKV, WebM, MPEG-TS, WMV or another video")
    .argument("[question]")
    .option("--captions", "one caption for each window")
    .option("--chapters", "captions, divided into chapters with titles")
    .addOption(
      new Option("--as <format>", "how captions are written (default: as --out ends)").choices([
        "srt",
        "vtt",
        "json",
        "text",
      ]),
    )
    .option("-o, --out <file>", "where to write (default: stdout)")
    .option("--window <seconds>", "what is seen at once (default: 64; 8 for captions)", seconds)
    .option("--overlap <seconds>", "of each window with the one before (default: 4; 0)", seconds)
    .option("--fps <x>", "frames a second at most (default: 2; 0: all)", framesPerSecond)
    .option("--frames <n>", "frames of a window at most (default: 128)", maxFrames)
    .option(
      "--evs <q>",
      "share of the tokens to drop (default: the checkpoint's; 0: none)",
      pruningRate,
    )
    .option("-n, --max-tokens <n>", "longest answer for a window", wholeNumber)
    .option("--instruction <text>", "what to ask of each window instead of a description")
    .addHelpText(
      "after",
      `
Examples:
  vireo video lecture.mp4 "Which formulas are shown, and when?" --evs 0.7
  vireo video trip.mov --captions --out trip.srt
  vireo video lecture.mp4 --chapters --window 30`,
    );
  withEngineOptions(command).action(
    async (file: string, question: string | undefined, flags: VideoFlags) => {
      await run(file, question, flags);
    },
  );
}

async function run(path: string, question: string | undefined, flags: VideoFlags): Promise<void> {
  const tells = flags.captions === true || flags.chapters === true;
  if (tells === (question !== undefined)) {
    const example = 'vireo video clip.mp4 "What happens?"';
    const text = `video needs either a question or --captions or --chapters, as in: ${example}`;
    throw new VireoError("missing_required", text);
  }
  const file = await readUserFile(path, LIMITS.videoBytes);
  const terminal = openTerminal(process.stderr);
  const { fps, frames } = flags;
  const engine = await openEngine(flags, terminal, {
    ...(fps === undefined ? {} : { fps }),
    ...(frames === undefined ? {} : { maxFrames: frames }),
  });
  try {
    await interruptible(terminal, "interrupted", async (signal) => {
      const options = watchOptions(flags, terminal, signal);
      const text =
        question === undefined
          ? await captionsText(engine, file, flags, options)
          : (await askVideo(engine, file, question, options)).text;
      terminal.progress("");
      if (flags.out === undefined) process.stdout.write(`${printable(text.trimEnd())}\n`);
      else {
        await writeUserFile(flags.out, `${text.trimEnd()}\n`);
        terminal.note(`written: ${flags.out}`);
      }
    });
  } finally {
    await engine.close();
  }
}

function watchOptions(flags: VideoFlags, terminal: Terminal, signal: AbortSignal): WatchOptions {
  const { window, overlap, evs, maxTokens } = flags;
  const began = performance.now();
  terminal.progress("decoding ...");
  return {
    ...(window === undefined ? {} : { windowSeconds: window }),
    ...(overlap === undefined ? {} : { overlapSeconds: overlap }),
    ...(evs === undefined ? {} : { pruningRate: evs }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    onWindow: (done: number, count: number, { text }: WindowAnswer) => {
      const spent = (performance.now() - began) / 1000;
      const left = clock((spent / done) * (count - done));
      terminal.progress(printable(`${done} of ${count}, ${left} left: ${text.slice(0, 60)}`));
    },
    signal,
  };
}

async function captionsText(
  engine: Engine,
  file: Uint8Array,
  { chapters, as, out = "", instruction }: VideoFlags,
  options: WatchOptions,
): Promise<string> {
  const asked = { ...options, ...(instruction === undefined ? {} : { instruction }) };
  const captions = await captionVideo(engine, file, asked);
  const { maxTokens: _, ...rest } = options;
  const told = chapters ? await chaptersOf(engine, captions, rest) : captions;
  return WRITERS[as ?? (formatOf(out) || (chapters ? "text" : "srt"))](told);
}

const WRITERS = {
  srt: toSrt,
  vtt: toVtt,
  json: (captions: readonly Caption[]) => JSON.stringify(captions, null, 2),
  // the form that video sites read chapters in
  text: (captions: readonly Caption[]) =>
    captions.map(({ startSeconds, text }) => `${clock(startSeconds)} ${text}`).join("\n"),
} as const;

function formatOf(out: string): "srt" | "vtt" | "json" | "text" | undefined {
  const ending = /\.(srt|vtt|json|txt)$/i.exec(out)?.[1]?.toLowerCase();
  if (ending === "srt" || ending === "vtt" || ending === "json") return ending;
  return ending === "txt" ? "text" : undefined;
}
