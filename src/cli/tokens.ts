import type { Command } from "commander";
import type { ChatRequest, ContentPart } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { plainJson } from "../core/plain-json.ts";
import { type Prices, parsePrice } from "../core/prices.ts";
import { readUserFile } from "../disk/user-files.ts";
import { decodeText, fileKind } from "../media/kind.ts";
import { inspectFrames } from "../media/source.ts";
import { type EstimateBody, toEstimateBody } from "../protocols/vireo/estimate.ts";
import { type Counter, type CounterFlags, openCounter } from "./counter.ts";
import {
  documentSettings,
  imageSettings,
  type MediaFlags,
  videoSettings,
  withMediaOptions,
} from "./media-options.ts";
import { EMBEDDED_MODEL, templateOption, threadsOption, weightFormat } from "./options.ts";
import { wholeNumber } from "./parsers.ts";
import { openTerminal, printable } from "./terminal.ts";
import { type Counted, eachLines, tokensTable } from "./tokens-table.ts";

interface TokensFlags extends CounterFlags, MediaFlags {
  readonly question: string;
  readonly maxTokens?: number;
  readonly pricePrompt: string;
  readonly decode: boolean;
  readonly each?: boolean;
  readonly json?: boolean;
}

export function addTokens(program: Command): void {
  const command = program
    .command("tokens")
    .summary("count the tokens of images, PDFs, videos and texts, without loading weights")
    .description(
      "Counts the tokens of each file as POST /v1/estimate does, before and after EVS, and says " +
        "whether the file fits. Reads only the checkpoint's headers and tokenizer, unless --time " +
        "is set.",
    )
    .argument("<files...>")
    .option("-q, --question <text>", "question to count with each file", "")
    .option("-n, --max-tokens <n>", "tokens to reserve for the answer", wholeNumber)
    .option("--price-prompt <usd>", "US dollars per prompt token", "0")
    .option("--each", "also list each page, image and frame")
    .option("--json", "write one JSON object per file, as /v1/estimate answers")
    .optionsGroup("Media:")
    .option("--no-decode", "read headers only: faster, with a range where a video may be damaged");
  withMediaOptions(command);
  command
    .optionsGroup("Model and machine:")
    .option("-m, --model <dir>", "checkpoint folder, owner/name, mini or tiny", EMBEDDED_MODEL)
    .option("--context <tokens>", "longest prompt and answer together", wholeNumber)
    .addOption(templateOption())
    .option("--time", "load the weights, measure, and predict the time of an answer")
    .addOption(weightFormat())
    .addOption(threadsOption())
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
        const result = await count(counter, file, flags, prices);
        counted.push(result);
        const { kind, estimate } = result;
        if (flags.json) process.stdout.write(`${plainJson({ file, kind, ...estimate })}\n`);
      } catch (error) {
        if (!(error instanceof VireoError)) throw error;
        const { code, message } = error;
        process.exitCode = 1;
        terminal.note(printable(`${file}: ${message}`));
        if (!flags.json) continue;
        process.stdout.write(`${plainJson({ file, error: { code, message } })}\n`);
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
  const part = partOf(await readUserFile(file, LIMITS.video.bytes), flags);
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

/** The request that POST /v1/estimate would receive for this file. */
function requestOf(part: ContentPart, flags: TokensFlags): ChatRequest {
  const { question } = flags;
  const { pruningRate: videoPruningRate, ...videoSampling } = videoSettings(flags);
  const parts: ContentPart[] = question === "" ? [] : [{ type: "text", text: question }];
  return {
    messages: [{ role: "user", content: [part, ...parts] }],
    videoSampling,
    ...defined({ videoPruningRate }),
    ...imageSettings(flags),
  };
}

/** A TIFF with several pages is a document; any other image, also a GIF, is one image. */
function partOf(bytes: Uint8Array, flags: TokensFlags): ContentPart {
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
  return { type: "document", bytes, ...documentSettings(flags) };
}
