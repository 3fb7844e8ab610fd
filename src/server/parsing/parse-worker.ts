// The worker thread that parses large request bodies.

import { parseJson } from "../../protocols/shared/json.ts";
import { checkJsonSize } from "../../protocols/shared/json-size.ts";
import { serveTasks } from "../../threads/worker-lane.ts";
import { type ParseContext, type ParserName, parseAs } from "./parsers.ts";
import { type TurnsPort, turnsOver } from "./turns-port.ts";

export interface ParseCommand {
  readonly parser: ParserName;
  readonly body: Uint8Array;
  readonly context: Omit<ParseContext, "turns">;
  readonly turns: TurnsPort | undefined;
}

function parse({ parser, body, context, turns }: ParseCommand): unknown {
  checkJsonSize(body);
  const stored = turns && turnsOver(turns);
  return parseAs(parser, parseJson(body), { ...context, turns: stored });
}

/** Returns the buffers of media, which are transferred instead of copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const seen = new Set<unknown>();
  const pending = [value];
  for (let next = pending.pop(); pending.length > 0 || next !== undefined; next = pending.pop()) {
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    if (next instanceof Uint8Array) {
      const { buffer } = next;
      const isWhole = next.byteLength === buffer.byteLength && buffer.byteLength > 0;
      if (isWhole && buffer instanceof ArrayBuffer) found.add(buffer);
    } else if (next instanceof Map) for (const entry of next.values()) pending.push(entry);
    else for (const entry of Object.values(next)) pending.push(entry);
  }
  return [...found];
}

serveTasks<ParseCommand, unknown>(parse, buffersOf);
