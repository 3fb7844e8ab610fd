import type { Context, Next } from "hono";
import type { Env } from "./context.ts";

/** Calls `release` when a streamed answer has ended, after the functions registered earlier. */
export function atStreamEnd(c: Context<Env>, release: () => void): void {
  const before = c.get("onStreamEnd");
  c.set("onStreamEnd", () => {
    before?.();
    release();
  });
}

/** Runs the rest of a request, and calls `release` when its answer, streamed or not, has ended. */
export async function releaseAtEnd(
  c: Context<Env>,
  next: Next,
  release: () => void,
): Promise<void> {
  atStreamEnd(c, release);
  let streams = false;
  try {
    await next();
    streams = isStream(c.res);
  } finally {
    if (!streams) release();
  }
}

/** Tells whether the answer is a stream that continues after its handler has returned. */
export function isStream(response: Response): boolean {
  return response.headers.get("content-type")?.startsWith("text/event-stream") === true;
}
