import { text as readStream } from "node:stream/consumers";
import type { Command } from "commander";
import type { ChatEvent, ChatRequest, ContentPart, SamplingOptions } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { plainJson } from "../core/plain-json.ts";
import { readUserFile } from "../disk/user-files.ts";
import { REASONING_WITH_VIDEO } from "../protocols/shared/warnings.ts";
import { interruptible } from "./interruptible.ts";
import {
  documentSettings,
  imageSettings,
  type MediaFlags,
  videoSettings,
  withMediaOptions,
} from "./media-options.ts";
import { openEngine } from "./open-engine.ts";
import { type EngineFlags, withEngineOptions } from "./options.ts";
import { between, collect, wholeNumber } from "./parsers.ts";
import { openTerminal, printable, type Terminal } from "./terminal.ts";

interface AskFlags extends EngineFlags, MediaFlags {
  readonly image?: readonly string[];
  readonly video?: readonly string[];
  readonly file?: readonly string[];
  readonly system?: string;
  readonly think?: boolean;
  readonly budget?: number;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed?: string;
  readonly stop?: readonly string[];
  readonly json?: boolean;
}

export function addAsk(program: Command): void {
  const command = program
    .command("ask")
    .summary("ask about images, documents, videos or text in the terminal")
    .description(
      "Answers one question. The answer goes to stdout, all else to stderr. Without a question, " +
        "stdin is read.",
    )
    .argument("[question]")
    .option("-i, --image <file>", "image; may be repeated", collect)
    .option("-f, --file <file>", "PDF, TIFF or image; may be repeated", collect)
    .option("--video <file>", "video; may be repeated (needs ffmpeg)", collect)
    .option("-s, --system <text>", "system prompt")
    .option("--think", "reason before the answer")
    .option("--no-think", "answer without reasoning")
    .option("--budget <tokens>", "maximum tokens of reasoning; implies --think", wholeNumber)
    .option("-n, --max-tokens <n>", "maximum tokens of the answer", wholeNumber)
    .option("--json", "write one JSON object per event");
  withSamplingOptions(command);
  command.optionsGroup("Media:");
  withMediaOptions(command);
  withEngineOptions(command)
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
    )
    .action(async (question: string | undefined, flags: AskFlags) => {
      await ask(question, flags);
    });
}

function withSamplingOptions(command: Command): Command {
  return command
    .optionsGroup("Sampling:")
    .option(
      "-t, --temperature <x>",
      "0 to 2; 0 takes the likeliest token (default: 0; 0.6 with reasoning)",
      between(0, 2),
    )
    .option(
      "--top-p <x>",
      "sample from the likeliest tokens up to this share (default: 1; 0.95 with reasoning)",
      between(0.001, 1),
    )
    .option("--top-k <n>", "sample from this many likeliest tokens (default: all)", wholeNumber)
    .option("--seed <n>", "the same seed gives the same answer")
    .option("--stop <text>", "end the answer before this text; may be repeated", collect);
}

async function ask(question: string | undefined, flags: AskFlags): Promise<void> {
  const terminal = openTerminal(process.stderr);
  const request = await buildRequest(question, flags);
  const engine = await openEngine(flags, terminal, videoSettings(flags));
  try {
    await interruptible(terminal, "interrupted", async (signal) => {
      if (flags.video) terminal.progress(`decoding ${flags.video.join(", ")} ...`);
      if (flags.video && request.reasoning?.enabled === true) {
        terminal.note(REASONING_WITH_VIDEO.message);
      }
      for await (const event of engine.chat(request, signal)) {
        if (flags.json) process.stdout.write(`${plainJson(event)}\n`);
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
    const example = 'vireo ask "What is this?" -i a.png';
    const problem = `ask needs a question, on stdin or as in: ${example}`;
    throw new VireoError("missing_required", problem);
  }
  const media = await Promise.all([
    ...image.map((path) => readMedia(path, "image", LIMITS.image.bytes)),
    ...file.map((path) => readDocument(path, flags)),
    ...video.map((path) => readMedia(path, "video", LIMITS.video.bytes)),
  ]);
  const content: ContentPart[] = [...media, { type: "text", text }];
  const { system, think, budget, maxTokens } = flags;
  return {
    messages: [
      ...(system === undefined ? [] : [{ role: "system" as const, content: system }]),
      { role: "user", content },
    ],
    sampling: sampling(flags),
    stop: flags.stop ?? [],
    reasoning: {
      ...(think === undefined && budget === undefined ? {} : { enabled: think ?? true }),
      ...defined({ budgetTokens: budget }),
    },
    ...defined({ maxTokens }),
    ...imageSettings(flags),
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

async function readDocument(path: string, flags: AskFlags): Promise<ContentPart> {
  const bytes = await readUserFile(path, LIMITS.document.bytes);
  return { type: "document", bytes, ...documentSettings(flags) };
}

function show(event: ChatEvent, terminal: Terminal): void {
  if (event.type === "start" && event.videoTokens > 0) {
    terminal.progress(`reading ${event.videoTokens} tokens of video ...`);
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
