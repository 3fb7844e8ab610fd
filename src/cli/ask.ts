import { text as readStream } from "node:stream/consumers";
import { type Command, Option } from "commander";
import type {
  ChatEvent,
  ChatRequest,
  ContentPart,
  ExifOrientation,
  SamplingOptions,
} from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { readUserFile } from "../extract/user-files.ts";
import { REASONING_WITH_VIDEO } from "../protocols/shared/warnings.ts";
import { interruptible } from "./interruptible.ts";
import { openEngine } from "./open-engine.ts";
import {
  between,
  dotsPerInch,
  type EngineFlags,
  exifOrientation,
  framesPerSecond,
  maxFrames,
  pruningRate,
  wholeBetween,
  wholeNumber,
  withEngineOptions,
} from "./options.ts";
import { openTerminal, printable, type Terminal } from "./terminal.ts";

interface AskFlags extends EngineFlags {
  readonly image?: readonly string[];
  readonly video?: readonly string[];
  readonly file?: readonly string[];
  readonly pages?: string;
  readonly dpi?: number;
  readonly fps?: number;
  readonly frames?: number;
  readonly evs?: number;
  readonly system?: string;
  readonly think?: boolean;
  readonly budget?: number;
  readonly maxTokens?: number;
  readonly maxTiles?: number;
  readonly exifOrientation?: ExifOrientation;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed?: string;
  readonly stop?: readonly string[];
  readonly json?: boolean;
}

const collect = (value: string, list: readonly string[] = []): string[] => [...list, value];

export function addAsk(program: Command): void {
  const command = program
    .command("ask")
    .summary("ask about pictures, videos or text, and read the answer here")
    .description("Answers one question in the terminal. Without a question, stdin is read.")
    .argument("[question]")
    .option("-i, --image <file>", "a picture to look at; may be repeated", collect)
    .option("-f, --file <file>", "a PDF, TIFF or picture; may be repeated", collect)
    .option("--pages <list>", 'pages of files, as "1-3,7" (default: all)')
    .option("--dpi <n>", "dots per inch for pages of PDFs (default: 150)", dotsPerInch)
    .option("--video <file>", "a video to look at; may be repeated (needs ffmpeg)", collect)
    .option("--fps <x>", "frames of a video a second at most (default: 2; 0: all)", framesPerSecond)
    .option("--frames <n>", "frames of a video at most (default: 128)", maxFrames)
    .option(
      "--evs <q>",
      "share of a video's tokens to drop (default: the checkpoint's; 0: none)",
      pruningRate,
    )
    .option("-s, --system <text>", "system prompt")
    .option("--think", "reason before answering")
    .option("--no-think", "answer at once")
    .option("--budget <tokens>", "tokens after which the reasoning ends", wholeNumber)
    .option("-n, --max-tokens <n>", "longest answer", wholeNumber)
    .option("--max-tiles <n>", "tiles per picture, 1 to 12", wholeBetween(1, 12))
    .addOption(exifOrientation())
    .option("-t, --temperature <x>", "0 to 2; 0 takes the likeliest token", between(0, 2))
    .option("--top-p <x>", "draw from the likeliest tokens up to this share", between(0.001, 1))
    .option("--top-k <n>", "draw from so many likeliest tokens", wholeNumber)
    .addOption(new Option("--seed <n>", "same seed, same answer"))
    .option("--stop <text>", "end the answer before this text; may be repeated", collect)
    .option("--json", "one JSON object per event, for programs")
    .addHelpText(
      "after",
      `
Examples:
  vireo ask "What is the total?" --image invoice.png
  vireo ask "What changed between these?" -i before.jpg -i after.jpg
  vireo ask "Who signed it?" --file contract.pdf --pages 1-3,12
  vireo ask "What happens, and when?" --video clip.mp4 --evs 0.7
  vireo ask "Add up the column" -i table.png --think --budget 2000
  cat letter.txt | vireo ask -m /models/nemotron-nano-12b-v2-vl --format int4`,
    );
  withEngineOptions(command).action(async (question: string | undefined, flags: AskFlags) => {
    await ask(question, flags);
  });
}

async function ask(question: string | undefined, flags: AskFlags): Promise<void> {
  const terminal = openTerminal(process.stderr);
  const request = await buildRequest(question, flags);
  const { fps, frames, evs } = flags;
  const engine = await openEngine(flags, terminal, {
    ...(fps === undefined ? {} : { fps }),
    ...(frames === undefined ? {} : { maxFrames: frames }),
    ...(evs === undefined ? {} : { pruningRate: evs }),
  });
  try {
    await interruptible(terminal, "interrupted", async (signal) => {
      if (flags.video) terminal.progress(`decoding ${flags.video.join(", ")} ...`);
      if (flags.video && request.reasoning?.enabled === true) {
        terminal.note(REASONING_WITH_VIDEO.message);
      }
      for await (const event of engine.chat(request, signal)) {
        if (flags.json) process.stdout.write(`${JSON.stringify(event)}\n`);
        else show(event, terminal);
      }
    });
  } finally {
    await engine.close();
  }
}

async function buildRequest(question: string | undefined, flags: AskFlags): Promise<ChatRequest> {
  const text = question ?? (process.stdin.isTTY ? "" : await readStream(process.stdin));
  const { image = [], video = [], file = [] } = flags;
  if (text.trim() === "" && image.length + video.length + file.length === 0) {
    throw new VireoError("missing_required", 'ask what? As in: vireo ask "What is this?" -i a.png');
  }
  const media = await Promise.all([
    ...image.map((path) => readMedia(path, "image", LIMITS.imageBytes)),
    ...file.map((path) => readDocument(path, flags)),
    ...video.map((path) => readMedia(path, "video", LIMITS.videoBytes)),
  ]);
  const content: ContentPart[] = [...media, { type: "text", text }];
  const { system, think, budget, maxTokens, maxTiles } = flags;
  return {
    messages: [
      ...(system === undefined ? [] : [{ role: "system" as const, content: system }]),
      { role: "user", content },
    ],
    sampling: sampling(flags),
    stop: flags.stop ?? [],
    reasoning: {
      ...(think === undefined && budget === undefined ? {} : { enabled: think ?? true }),
      ...(budget === undefined ? {} : { budgetTokens: budget }),
    },
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(maxTiles === undefined ? {} : { maxTiles: maxTiles }),
    ...(flags.exifOrientation === undefined ? {} : { exifOrientation: flags.exifOrientation }),
  };
}

/** The model's recommended settings: greedy without reasoning, 0.6 and 0.95 with it. */
function sampling(flags: AskFlags): Partial<SamplingOptions> {
  const thinking = flags.think ?? flags.budget !== undefined;
  const seed = flags.seed;
  if (seed !== undefined && !isSeed(seed)) {
    const range = "a whole number from -2^63 to 2^63 - 1";
    throw new VireoError("invalid_option", `--seed is "${seed}"; it must be ${range}`);
  }
  return {
    temperature: flags.temperature ?? (thinking ? 0.6 : 0),
    topP: flags.topP ?? (thinking ? 0.95 : 1),
    topK: flags.topK ?? 0,
    ...(seed === undefined ? {} : { seed: BigInt(seed) }),
  };
}

function isSeed(text: string): boolean {
  return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

async function readMedia(
  path: string,
  type: "image" | "video",
  maxBytes: number,
): Promise<ContentPart> {
  return { type, bytes: await readUserFile(path, maxBytes) };
}

async function readDocument(path: string, { pages, dpi }: AskFlags): Promise<ContentPart> {
  return {
    type: "document",
    bytes: await readUserFile(path, LIMITS.documentBytes),
    ...(pages === undefined ? {} : { pages }),
    ...(dpi === undefined ? {} : { dpi }),
  };
}

function show(event: ChatEvent, terminal: Terminal): void {
  if (event.type === "start" && event.videoTokens > 0) {
    terminal.progress(`looking at ${event.videoTokens} tokens of video ...`);
  }
  if (event.type === "text" || event.type === "reasoning") terminal.progress("");
  if (event.type === "text") process.stdout.write(printable(event.text));
  if (event.type === "reasoning") process.stderr.write(terminal.dim(printable(event.text)));
  if (event.type !== "end") return;
  const { usage, timings, nativeReason } = event;
  const perSecond = (tokens: number, ms: number): string =>
    ms > 0 ? `${((tokens / ms) * 1000).toFixed(1)} tokens/s` : "-";
  const media = [
    ...(usage.imageTokens > 0 ? [`${usage.imageTokens} from images`] : []),
    ...(usage.videoTokens > 0 ? [`${usage.videoTokens} from video`] : []),
  ];
  const from = media.length > 0 ? ` (${media.join(", ")})` : "";
  process.stdout.write("\n");
  terminal.note(
    terminal.dim(
      `${usage.promptTokens} prompt tokens${from} at ` +
        `${perSecond(usage.promptTokens, timings.prefillMs)}, ` +
        `${usage.completionTokens} answered at ` +
        `${perSecond(usage.completionTokens - 1, timings.decodeMs)}, ended by ${nativeReason}`,
    ),
  );
}
