import type { ToolCall } from "../../core/chat.ts";
import { LIMITS } from "../../core/limits.ts";
import { asList, asRecord, asText, type JsonObject } from "./json-values.ts";

interface OpenCall {
  readonly index: number;
  readonly id: string;
  name: string;
  arguments: string;
}

/**
 * Puts calls together that arrive in pieces.
 *
 * A piece belongs to the call of its index. A new id at the same index begins a new call, because
 * some servers number all calls 0; ids may repeat at other indexes, because some name all calls
 * alike. A call is complete when the next one begins or the answer ends.
 */
export class ToolCallCollector {
  private open: OpenCall | undefined;
  private count = 0;

  /** Adds the pieces of a delta and returns the calls that are complete. */
  push(pieces: unknown): ToolCall[] {
    const ended: ToolCall[] = [];
    for (const piece of asList(pieces).map(asRecord)) {
      if (piece !== undefined) ended.push(...this.add(piece));
    }
    return ended;
  }

  /**
   * Ends the answer. isCut: it ended by its length, so that the last call may be incomplete; it is
   * left as it is, unless not even its name has arrived.
   */
  end(isCut: boolean): ToolCall[] {
    const { open } = this;
    this.open = undefined;
    if (open === undefined || (isCut && open.name === "")) return [];
    return [isCut ? { name: open.name, arguments: open.arguments } : complete(open)];
  }

  private add(piece: JsonObject): ToolCall[] {
    const called = asRecord(piece.function) ?? {};
    const id = asText(piece.id);
    const index = typeof piece.index === "number" ? piece.index : (this.open?.index ?? 0);
    const name = asText(called.name);
    const isSame =
      this.open?.index === index && (id === "" || id === this.open.id || this.open.id === "");
    const ended = isSame ? [] : this.end(false);
    if (this.open === undefined) {
      this.count += 1;
      if (this.count > LIMITS.upstream.toolCalls) throw new RangeError("too many tool calls");
      this.open = { index, id, name, arguments: "" };
    } else if (this.open.name === "") {
      this.open.name = name;
    }
    const given = called.arguments;
    this.open.arguments += asRecord(given) ? JSON.stringify(given) : asText(given);
    return ended;
  }
}

/** A call without arguments gets an empty object. */
function complete({ name, arguments: json }: OpenCall): ToolCall {
  return { name, arguments: json === "" ? "{}" : json };
}
