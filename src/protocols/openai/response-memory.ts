import type { ResponseMemory } from "./responses.ts";

/** One stored response, and the input items that came with it, as JSON. */
export interface StoredTurn {
  readonly items: readonly Uint8Array[];
  /** Undefined: only items were asked for. */
  readonly response?: Uint8Array;
}

/** Looks up stored responses of one tenant as JSON, so that another thread can parse them. */
export interface StoredTurns {
  /** A response after its predecessors; undefined if one of them is not stored. */
  history(responseId: string): readonly StoredTurn[] | undefined;
  /** A turn that holds the item; undefined if it is not stored. */
  turnOf(itemId: string): StoredTurn | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** Parses stored responses as a request asks for them. */
export function openMemory(turns: StoredTurns): ResponseMemory {
  return {
    history: (responseId) => turns.history(responseId)?.flatMap(itemsOf),
    item(itemId) {
      const turn = turns.turnOf(itemId);
      return turn && itemsOf(turn).find(({ id }) => id === itemId);
    },
  };
}

/** The input items of a turn, then the output items of its response. */
function itemsOf({ items, response }: StoredTurn): Json[] {
  const { output } = (response === undefined ? {} : parse(response)) as Json;
  return [...items.map(parse), ...(Array.isArray(output) ? (output as Json[]) : [])];
}

function parse(json: Uint8Array): Json {
  return JSON.parse(new TextDecoder().decode(json)) as Json;
}
