import type { Readable } from "node:stream";
import { ChildGroup } from "./child-group.ts";

/** The default search path for programs. */
export const PROGRAM_PATH = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin";

export interface ChildProgram {
  readonly command: readonly string[];
  /** Search path, written like PATH. The program inherits no other part of the environment. */
  readonly path: string;
  /** An open file that becomes its standard input. */
  readonly input?: number;
  readonly timeMs: number;
  readonly signal?: AbortSignal;
  /** Receives stdout; reading pauses until it resolves. False: the program may stop now. */
  readonly onOutput?: (chunk: Buffer) => Promise<boolean> | boolean;
  /** Receives each line of stderr. */
  readonly onLine?: (line: string) => void;
}

const MAX_LINE_CHARACTERS = 4096;

/**
 * Runs a program without a shell until it ends, times out or is aborted. It is then killed with all
 * processes of its group, and its pipes are closed, so that none of its children can delay the end.
 *
 * Returns its exit status, or undefined if it was killed. Throws the signal's reason, the
 * errors of onOutput and onLine, and an Error with a `code` if the program cannot be started:
 * ENOENT, EACCES, EMFILE.
 */
export async function runProgram(options: ChildProgram): Promise<number | undefined> {
  const { command, path, input, timeMs, signal, onOutput, onLine } = options;
  signal?.throwIfAborted();
  const group = ChildGroup.spawn(command, {
    stdio: [input ?? "ignore", "pipe", "pipe"],
    env: { PATH: path, LC_ALL: "C" },
    windowsHide: true,
  });
  const stop = (): void => void group.stop();
  const timer = setTimeout(stop, timeMs);
  signal?.addEventListener("abort", stop, { once: true });
  const { stdout, stderr } = group.process;
  const reading = readLines(stderr, onLine ?? (() => {}));
  reading.catch(stop);
  try {
    for await (const chunk of chunksOf(stdout)) {
      if ((await onOutput?.(chunk)) !== false) continue;
      group.signal("SIGKILL"); // Its stderr is still read to the end.
      break;
    }
    await reading;
    const { status } = await group.ended;
    signal?.throwIfAborted();
    return status;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    await group.stop();
  }
}

/** The chunks of a pipe until it ends or is closed by this process. */
async function* chunksOf(pipe: Readable | null): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of pipe ?? []) yield chunk as Buffer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

async function readLines(pipe: Readable | null, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const chunk of chunksOf(pipe)) {
    const lines = (rest + String(chunk)).split(/[\r\n]+/);
    rest = (lines.pop() ?? "").slice(-MAX_LINE_CHARACTERS);
    for (const line of lines) onLine(line);
  }
  onLine(rest);
}
