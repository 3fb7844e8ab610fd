// The answers of a run: one line of JSON each, only ever appended. A killed run loses at most the
// line that it was writing.

import { type FileHandle, open, readFile } from "node:fs/promises";

/** An answer, or the reason why there is none. */
export interface AnswerLine {
  readonly key: string;
  readonly id: string;
  readonly promptHash: string;
  readonly text: string;
  readonly reasoning: string;
  /** "stop", "length", "tool_calls", or "error". */
  readonly finishReason: string;
  readonly error?: string;
  readonly tokens: {
    readonly prompt: number;
    readonly completion: number;
    readonly cached: number;
    readonly visual: number;
    readonly reasoning: number;
  };
  readonly firstTokenMs: number;
  readonly totalMs: number;
  readonly attempts: number;
}

/** The last line of each key; a last line without a line break was cut off and is left out. */
export async function readAnswers(path: string): Promise<Map<string, AnswerLine>> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const answers = new Map<string, AnswerLine>();
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
    const answer = parseLine(line);
    if (answer !== undefined) answers.set(answer.key, answer);
  }
  return answers;
}

function parseLine(line: string): AnswerLine | undefined {
  try {
    const value = JSON.parse(line) as AnswerLine;
    return typeof value?.key === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

export interface AnswerLog {
  append(answer: AnswerLine): Promise<void>;
  close(): Promise<void>;
}

const SYNC_MS = 1000;

/**
 * Opens a log for appending, behind its last whole line. Each line is written at once; the file is
 * synced once a second and at the end.
 */
export async function openAnswerLog(path: string): Promise<AnswerLog> {
  const file = await open(path, "a+");
  await cutPartialLine(file);
  let isDirty = false;
  let tail = Promise.resolve();
  const sync = async (): Promise<void> => {
    if (!isDirty) return;
    await file.datasync();
    isDirty = false;
  };
  const timer = setInterval(() => {
    // tried again a second later, and at last by close(), which throws
    tail = tail.then(sync).catch(() => {});
  }, SYNC_MS);
  return {
    append(answer) {
      const written = tail.then(async () => {
        await file.appendFile(`${JSON.stringify(answer)}\n`);
        isDirty = true;
      });
      // a failed write is its caller's; later ones are tried again
      tail = written.catch(() => {});
      return written;
    },
    async close() {
      clearInterval(timer);
      try {
        await tail;
        await sync();
      } finally {
        await file.close();
      }
    },
  };
}

async function cutPartialLine(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const chunk = Buffer.alloc(65_536);
  for (let end = size; end > 0; ) {
    const begin = Math.max(0, end - chunk.length);
    const { bytesRead } = await file.read(chunk, 0, end - begin, begin);
    const newline = chunk.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (newline >= 0) {
      await file.truncate(begin + newline + 1);
      return;
    }
    end = begin;
  }
  await file.truncate(0);
}
