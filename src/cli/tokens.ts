import type { Command } from "commander";
import type { ChatRequest, ContentPart, ExifOrientation } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { type Prices, parsePrice } from "../core/prices.ts";
import { readUserFile } from "../extract/user-files.ts";
import { decodeText, fileKind } from "../media/kind.ts";
import { inspectFrames } from "../media/source.ts";
import { type EstimateBody, toEstimateBody } from "../protocols/vireo/estimate.ts";
import { type Counter, type CounterFlags, openCounter } from "./counter.ts";
import {
  dotsPerInch,
  EMBEDDED_MODEL,
  exifOrientation,
  framesPerSecond,
  maxFrames,
  pruningRate,
  templateOption,
  weightFormat,
  wholeBetween,
  wholeNumber,
} from "./options.ts";
import { openTerminal, printable } from "./terminal.ts";
import { type Counted, eachLines, tokensTable } from "./tokens-table.ts";

interface TokensFlags extends CounterFlags {
  readonly question: string;
  readonly pages?: string;
  readonly dpi?: number;
  readonly fps?: number;
  readonly frames?: number;
  readonly maxTiles?: number;
  readonly exifOrientation?: ExifOrientation;
  readonly maxTokens?: number;
  readonly evs?: number;
  readonly pricePrompt: string;
  readonly decode: boolean;
  readonly each?: boolean;
  readonly json?: boolean;
}

export function addTokens(program: Command): void {
  program
    .command("tokens")
    .summary("count what pictures, PDFs, videos and texts cost, without loading weights")
    .description(
      "Counts the tokens of each file as POST /v1/estimate does, before and after EVS, and says " +
        "whether it fits. Only the checkpoint's headers and tokenizer are read, unless times are " +
        "asked for.",
    )
    .argument("<files...>")
    .option("-m, --model <dir>", "checkpoint folder", EMBEDDED_MODEL)
    .option("--context <tokens>", "longest prompt and answer together", wholeNumber)
    .option("-q, --question <text>", "what is asked besides each file", "")
    .option("--pages <list>", 'pages of documents, as "1-3,7" (default: all)')
    .option("--dpi <n>", "dots per inch for pages of PDFs (default: 150)", dotsPerInch)
    .option("--fps <x>", "frames of a video a second at most (default: 2)", framesPerSecond)
    .option("--frames <n>", "frames of a video at most (default: 128)", maxFrames)
    .option("--max-tiles <n>", "tiles per picture, 1 to 12", wholeBetween(1, 12))
    .addOption(exifOrientation())
    .option("-n, --max-tokens <n>", "room for the answer", wholeNumber)
    .option(
      "--evs <q>",
      "share of a video's tokens to drop (default: the checkpoint's; 0: none)",
      pruningRate,
    )
    .option("--price-prompt <usd>", "dollars per prompt token", "0")
    .option("--no-decode", "read headers only: quicker, and a range where a video may be damaged")
    .option("--time", "load the weights, measure, and predict how long an answer takes")
    .addOption(weightFormat())
    .addOption(templateOption())
    .option(
      "--threads <n>",
      "threads that compute, with --time (default: one per core)",
      wholeNumber,
    )
    .option("--each", "list pages, pictures and frames too")
    .option("--json", "one JSON object per file, as /v1/estimate answers")
    .addHelpText(
      "after",
      `
Examples:
  vireo tokens invoices/*.pdf --price-prompt 0.0000002
  vireo tokens clip.mp4 --evs 0.7 --each
  vireo tokens report.pdf --time`,
    )
    .action(async (files: string[], flags: TokensFlags) => {
      await tokens(files, flags);
    });
}

async function tokens(files: readonly string[], flags: TokensFlags): Promise<void> {
  const terminal = openTerminal(process.stderr);
  const prices = { prompt: parsePrice(flags.pricePrompt, "--price-prompt"), completion: 0n };
  const counter = await openCounter(flags, terminal);
  const counted: Counted[] = [];
  try {
    for (const file of files) {
      terminal.progress(`counting ${file} ...`);
      try {
        const found = await count(counter, file, flags, prices);
        counted.push(found);
        const { kind, estimate } = found;
        if (flags.json) process.stdout.write(`${JSON.stringify({ file, kind, ...estimate })}\n`);
      } catch (error) {
        if (!(error instanceof VireoError)) throw error;
        const { code, message } = error;
        process.exitCode = 1;
        terminal.note(printable(`${file}: ${message}`));
        if (!flags.json) continue;
        process.stdout.write(`${JSON.stringify({ file, error: { code, message } })}\n`);
      }
    }
    terminal.progress("");
    if (flags.json || counted.length === 0) return;
    const lines = flags.each
      ? counted.flatMap((one) => [...tokensTable([one], prices), ...eachLines(one), ""])
      : tokensTable(counted, prices);
    process.stdout.write(printable(`${lines.join("\n").trimEnd()}\n`));
  } finally {
    await counter.close();
  }
}

async function count(
  counter: Counter,
  file: string,
  flags: TokensFlags,
  prices: Prices,
): Promise<Counted> {
  const part = partOf(await readUserFile(file, LIMITS.videoBytes), flags);
  const estimate: EstimateBody = toEstimateBody(
    await counter.estimate(requestOf(part, flags), { decode: flags.decode }),
    counter.modelId,
    prices,
    flags.maxTokens,
  );
  const kind = part.type;
  const textTokens = part.type === "text" ? counter.countText(part.text) : 0;
  return { file, kind, textTokens, estimate };
}

/** As POST /v1/estimate would get it. */
function requestOf(part: ContentPart, flags: TokensFlags): ChatRequest {
  const { question, fps, frames, maxTiles, evs } = flags;
  const videoSampling = {
    ...(fps === undefined ? {} : { fps }),
    ...(frames === undefined ? {} : { maxFrames: frames }),
  };
  const asked: ContentPart[] = question === "" ? [] : [{ type: "text", text: question }];
  return {
    messages: [{ role: "user", content: [part, ...asked] }],
    videoSampling,
    ...(maxTiles === undefined ? {} : { maxTiles: maxTiles }),
    ...(flags.exifOrientation === undefined ? {} : { exifOrientation: flags.exifOrientation }),
    ...(evs === undefined ? {} : { videoPruningRate: evs }),
  };
}

/** A TIFF with several pages is a document; another picture, also a GIF, is one picture. */
function partOf(bytes: Uint8Array, { pages, dpi }: TokensFlags): ContentPart {
  const kind = fileKind(bytes);
  switch (kind.is) {
    case "picture":
      if (kind.type !== "tiff" || inspectFrames(bytes).length === 1)
        return { type: "image", bytes };
      break;
    case "video":
      return { type: "video", bytes };
    case "text":
      return { type: "text", text: decodeText(bytes, kind.encoding) };
  }
  const options = {
    ...(pages === undefined ? {} : { pages }),
    ...(dpi === undefined ? {} : { dpi }),
  };
  return { type: "document", bytes, ...options };
}
