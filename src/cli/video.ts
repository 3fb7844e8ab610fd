import { type Command, Option } from "commander";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { readUserFile, writeUserFile } from "../disk/user-files.ts";
import type { Engine } from "../runtime/engine.ts";
import { captionsOf, captionVideo, chaptersOf } from "../video/captions.ts";
import { type Caption, clock, toSrt, toVtt } from "../video/subtitles.ts";
import { askVideo, videoAnswerOf, type WatchOptions, type WindowEvent } from "../video/watch.ts";
import { interruptible } from "./interruptible.ts";
import { type VideoFlags, videoSettings, withVideoOptions } from "./media-options.ts";
import { openEngine } from "./open-engine.ts";
import { type EngineFlags, withEngineOptions } from "./options.ts";
import { between, wholeNumber } from "./parsers.ts";
import { openTerminal, printable, type Terminal } from "./terminal.ts";

interface Flags extends EngineFlags, VideoFlags {
  readonly captions?: boolean;
  readonly chapters?: boolean;
  readonly as?: "srt" | "vtt" | "json" | "text";
  readonly out?: string;
  readonly window?: number;
  readonly overlap?: number;
  readonly maxTokens?: number;
  readonly instruction?: string;
}

const seconds = between(0, LIMITS.video.seconds);

export function addVideo(program: Command): void {
  const command = program
    .command("video")
    .summary("ask about a video of any length, or write its captions and chapters")
    .description(
      "Reads a video window by window. A question is answered for each window and then for the " +
        "whole video; captions and chapters have times. Needs ffmpeg.",
    )
    .argument("<file>", "MP4, MOV, MKV, WebM, MPEG-TS, WMV or another video")
    .argument("[question]")
    .option("--captions", "one caption for each window")
    .option("--chapters", "chapters with titles, made from captions")
    .addOption(
      new Option("--as <format>", "output format (default: from the ending of --out)").choices([
        "srt",
        "vtt",
        "json",
        "text",
      ]),
    )
    .option("-o, --out <file>", "output file (default: stdout)")
    .option("--window <seconds>", "length of a window (default: 64; 8 for captions)", seconds)
    .option(
      "--overlap <seconds>",
      "overlap of adjacent windows (default: 4; 0 for captions)",
      seconds,
    )
    .option("-n, --max-tokens <n>", "maximum tokens per window (default: 1024)", wholeNumber)
    .option("--instruction <text>", "instruction for each window instead of the default")
    .optionsGroup("Media (of each window):");
  withVideoOptions(command);
  withEngineOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  vireo video lecture.mp4 "Which formulas are shown, and when?" --evs 0.7
  vireo video trip.mov --captions --out trip.srt
  vireo video lecture.mp4 --chapters --window 30`,
    )
    .action(async (file: string, question: string | undefined, flags: Flags) => {
      await run(file, question, flags);
    });
}

async function run(path: string, question: string | undefined, flags: Flags): Promise<void> {
  const describes = flags.captions === true || flags.chapters === true;
  if (describes === (question !== undefined)) {
    const example = 'vireo video clip.mp4 "What happens?"';
    const text = `video needs a question, --captions or --chapters, such as: ${example}`;
    throw new VireoError("missing_required", text);
  }
  const file = await readUserFile(path, LIMITS.video.bytes);
  const terminal = openTerminal(process.stderr);
  const engine = await openEngine(flags, terminal, videoSettings({ ...flags, evs: undefined }));
  try {
    await interruptible(terminal, "interrupted", async (signal) => {
      const options = watchOptions(flags, signal);
      const report = progressOn(terminal);
      const text =
        question === undefined
          ? await captionsText(engine, file, flags, options, report)
          : (await videoAnswerOf(report(askVideo(engine, file, question, options)))).text;
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

function watchOptions(flags: Flags, signal: AbortSignal): WatchOptions {
  const { window, overlap, evs, maxTokens } = flags;
  return {
    ...defined({ windowSeconds: window, overlapSeconds: overlap, pruningRate: evs, maxTokens }),
    signal,
  };
}

type Progress = <T extends WindowEvent | { readonly type: "end" }>(
  events: AsyncIterable<T>,
) => AsyncGenerator<T, void, undefined>;

/** Passes events on, and shows on the terminal which windows are answered. */
function progressOn(terminal: Terminal): Progress {
  const started = performance.now();
  terminal.progress("decoding ...");
  return async function* report(events) {
    for await (const event of events) {
      if (event.type === "window") {
        const { done, count, answer } = event;
        const spent = (performance.now() - started) / 1000;
        const left = clock((spent / done) * (count - done));
        const line = `${done} of ${count}, ${left} left: ${answer.text.slice(0, 60)}`;
        terminal.progress(printable(line));
      }
      yield event;
    }
  };
}

async function captionsText(
  engine: Engine,
  file: Uint8Array,
  { chapters, as, out = "", instruction }: Flags,
  options: WatchOptions,
  report: Progress,
): Promise<string> {
  const events = captionVideo(engine, file, { ...options, ...defined({ instruction }) });
  const captions = await captionsOf(report(events));
  const { maxTokens: _, ...rest } = options;
  const entries = chapters ? await chaptersOf(engine, captions, rest) : captions;
  return WRITERS[as ?? (formatOf(out) || (chapters ? "text" : "srt"))](entries);
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
