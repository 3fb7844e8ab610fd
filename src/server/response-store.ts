import { LIMITS } from "../core/limits.ts";
import type { StoredTurn, StoredTurns } from "../protocols/openai/response-memory.ts";
import type { StoredItem } from "../protocols/openai/responses.ts";

/** Bounds of a ResponseStore. */
export interface StoreLimits {
  readonly entries: number;
  readonly entriesPerTenant: number;
  readonly bytes: number;
  readonly bytesPerTenant: number;
  readonly seconds: number;
}

type Json = Readonly<Record<string, unknown>>;

export interface NewResponse {
  readonly tenant: string;
  /** The sent response, with an id and a list of output items. */
  readonly response: Json;
  /** Input items, without those of earlier responses. */
  readonly input: readonly StoredItem[];
  readonly previousId?: string | null | undefined;
}

interface Entry {
  readonly id: string;
  readonly previousId: string | undefined;
  readonly storedMs: number;
  /** JSON. */
  readonly response: Uint8Array<ArrayBuffer>;
  readonly input: readonly StoredItem[];
  readonly itemIds: readonly string[];
  readonly bytes: number;
}

interface Shelf {
  /** The least recently used entry is the first. */
  readonly entries: Map<string, Entry>;
  /** Item id to response id. */
  readonly items: Map<string, string>;
  bytes: number;
}

/** Bytes booked for an entry besides its JSON. */
const ENTRY_BYTES = 512;
const SWEEP_EVERY_MS = 60_000;

/**
 * Stores responses in memory, so that later requests can continue them. A tenant cannot see the
 * responses of another.
 *
 * An entry has its own items and the id of the previous response, so a long conversation is stored
 * only once. If a tenant exceeds its limits, its least recently used entries are evicted. If all
 * tenants together do, entries of the largest tenant are evicted. Entries expire after a day.
 */
export class ResponseStore {
  private readonly shelves = new Map<string, Shelf>();
  private readonly nowMs: () => number;
  private readonly limits: StoreLimits;
  private entries = 0;
  private bytes = 0;
  private sweptMs = 0;

  constructor(nowMs: () => number, limits: StoreLimits = DEFAULT_LIMITS) {
    this.nowMs = nowMs;
    this.limits = limits;
  }

  /** Stores a response, unless it alone exceeds the tenant's limit. */
  put({ tenant, response, input, previousId }: NewResponse): void {
    const entry = this.toEntry(response, input, previousId);
    this.sweep();
    if (entry.bytes > Math.min(this.limits.bytesPerTenant, this.limits.bytes)) return;
    const shelf = this.shelves.get(tenant) ?? { entries: new Map(), items: new Map(), bytes: 0 };
    this.shelves.set(tenant, shelf);
    shelf.entries.set(entry.id, entry);
    for (const id of entry.itemIds) shelf.items.set(id, entry.id);
    shelf.bytes += entry.bytes;
    this.entries += 1;
    this.bytes += entry.bytes;
    const { entriesPerTenant, bytesPerTenant } = this.limits;
    while (shelf.entries.size > entriesPerTenant || shelf.bytes > bytesPerTenant) {
      this.dropOldest(tenant);
    }
    while (this.entries > this.limits.entries || this.bytes > this.limits.bytes) {
      this.dropOldest(this.largestTenant());
    }
  }

  /** Returns the sent response as JSON; undefined if it is not stored. */
  response(tenant: string, id: string): Uint8Array<ArrayBuffer> | undefined {
    return this.find(tenant, id)?.response;
  }

  /** Returns the input items of a response in order; undefined if it is not stored. */
  input(tenant: string, id: string): readonly StoredItem[] | undefined {
    return this.find(tenant, id)?.input;
  }

  /** Deletes a response. Returns false if it is not stored. */
  remove(tenant: string, id: string): boolean {
    const entry = this.find(tenant, id);
    if (entry !== undefined) this.drop(tenant, entry);
    return entry !== undefined;
  }

  /** The responses to which one tenant may refer. */
  turnsOf(tenant: string): StoredTurns {
    return {
      history: (id) => this.history(tenant, id),
      turnOf: (itemId) => {
        const responseId = this.shelves.get(tenant)?.items.get(itemId);
        const entry = responseId === undefined ? undefined : this.find(tenant, responseId);
        if (entry === undefined) return undefined;
        const own = entry.input.find(({ id }) => id === itemId);
        return own === undefined ? { items: [], response: entry.response } : { items: [own.json] };
      },
    };
  }

  /** Returns undefined if the response or an earlier one of its conversation is not stored. */
  private history(tenant: string, id: string): StoredTurn[] | undefined {
    const turns: StoredTurn[] = [];
    for (let at: string | undefined = id; at !== undefined; ) {
      const entry = this.find(tenant, at);
      if (entry === undefined || turns.length > LIMITS.request.messages) return undefined;
      turns.push({ items: entry.input.map(({ json }) => json), response: entry.response });
      at = entry.previousId;
    }
    return turns.toReversed();
  }

  private toEntry(
    response: Json,
    input: readonly StoredItem[],
    previousId: string | null | undefined,
  ): Entry {
    const json = new TextEncoder().encode(JSON.stringify(response));
    const ids = [...input, ...outputOf(response)].map(({ id }) => id);
    const itemIds = ids.filter((id) => typeof id === "string");
    const inputBytes = input.reduce((sum, item) => sum + item.json.length, 0);
    return {
      id: String(response.id),
      previousId: previousId ?? undefined,
      storedMs: this.nowMs(),
      response: json,
      input,
      itemIds,
      bytes: json.length + inputBytes + ENTRY_BYTES + itemIds.length * 128,
    };
  }

  /** Marks a response as recently used. */
  private find(tenant: string, id: string): Entry | undefined {
    const shelf = this.shelves.get(tenant);
    const entry = shelf?.entries.get(id);
    if (shelf === undefined || entry === undefined) return undefined;
    if (this.isOld(entry)) {
      this.drop(tenant, entry);
      return undefined;
    }
    shelf.entries.delete(id);
    shelf.entries.set(id, entry);
    return entry;
  }

  private isOld({ storedMs }: Entry): boolean {
    return this.nowMs() - storedMs >= this.limits.seconds * 1000;
  }

  private sweep(): void {
    if (this.nowMs() - this.sweptMs < SWEEP_EVERY_MS) return;
    this.sweptMs = this.nowMs();
    for (const [tenant, { entries }] of this.shelves) {
      for (const entry of [...entries.values()]) if (this.isOld(entry)) this.drop(tenant, entry);
    }
  }

  private largestTenant(): string {
    const [first] = [...this.shelves].toSorted(([, a], [, b]) => b.bytes - a.bytes);
    return first?.[0] ?? "";
  }

  private dropOldest(tenant: string): void {
    const [oldest] = this.shelves.get(tenant)?.entries.values() ?? [];
    if (oldest !== undefined) this.drop(tenant, oldest);
  }

  private drop(tenant: string, entry: Entry): void {
    const shelf = this.shelves.get(tenant);
    if (shelf?.entries.delete(entry.id) !== true) return;
    for (const id of entry.itemIds) {
      if (shelf.items.get(id) === entry.id) shelf.items.delete(id);
    }
    shelf.bytes -= entry.bytes;
    this.entries -= 1;
    this.bytes -= entry.bytes;
    if (shelf.entries.size === 0) this.shelves.delete(tenant);
  }
}

const DEFAULT_LIMITS: StoreLimits = Object.freeze({
  entries: LIMITS.storedResponse.entries,
  entriesPerTenant: LIMITS.storedResponse.entriesPerTenant,
  bytes: LIMITS.storedResponse.bytes,
  bytesPerTenant: LIMITS.storedResponse.bytesPerTenant,
  seconds: LIMITS.storedResponse.seconds,
});

function outputOf({ output }: Json): readonly Json[] {
  return Array.isArray(output) ? (output as Json[]) : [];
}
