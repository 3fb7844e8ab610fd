import type { Context } from "hono";
import type { Env } from "./context.ts";

/** Calls `release` when a streamed answer has ended, after what was registered before. */
export function atStreamEnd(c: Context<Env>, release: () => void): void {
  const before = c.get("onStreamEnd");
  c.set("onStreamEnd", () => {
    before?.();
    release();
  });
}

/** Whether the answer is a stream that runs on after its handler has returned. */
export function isStream(response: Response): boolean {
  return response.headers.get("content-type")?.startsWith("text/event-stream") === true;
}
