import { type ChildProcess, spawn } from "node:child_process";

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
 * Runs a program without a shell until it ends, times out or is aborted.
 *
 * Returns its exit status, or undefined if it was killed. Throws the signal's reason, what onOutput
 * throws, and ENOENT (an Error with that code) if there is no such program.
 */
export async function runProgram(options: ChildProgram): Promise<number | undefined> {
  const { command, path, input, timeMs, signal, onOutput, onLine } = options;
  signal?.throwIfAborted();
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    stdio: [input ?? "ignore", "pipe", "pipe"],
    env: { PATH: path, LC_ALL: "C" },
    windowsHide: true,
  });
  const kill = (): void => void child.kill("SIGKILL");
  const timer = setTimeout(kill, timeMs);
  signal?.addEventListener("abort", kill, { once: true });
  const ended = endOf(child);
  try {
    const reading = readLines(child, onLine ?? (() => {}));
    for await (const chunk of child.stdout ?? []) {
      if ((await onOutput?.(chunk as Buffer)) !== false) continue;
      kill();
      break;
    }
    await reading;
    const status = await ended;
    signal?.throwIfAborted();
    return status;
  } finally {
    kill();
    clearTimeout(timer);
    signal?.removeEventListener("abort", kill);
    await ended.catch(() => {});
  }
}

function endOf(child: ChildProcess): Promise<number | undefined> {
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve(status ?? undefined));
  });
  ended.catch(() => {}); // callers that await it get the error
  return ended;
}

async function readLines(child: ChildProcess, onLine: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const chunk of child.stderr ?? []) {
    const lines = (rest + String(chunk)).split(/[\r\n]+/);
    rest = (lines.pop() ?? "").slice(-MAX_LINE_CHARACTERS);
    for (const line of lines) onLine(line);
  }
  onLine(rest);
}
