import type { Database } from "../storage/database.ts";
import { fuse, type Ranking } from "./fusion.ts";
import { allowedEdits, isWithin } from "./fuzzy.ts";
import { type QueryTerm, queryTerms, quoted } from "./terms.ts";

export type Channel = "words" | "fuzzy";

export interface Hit {
  readonly names: readonly string[];
  readonly page: number;
  /** 0 to 1, for the order only: scores of different queries are not comparable. */
  readonly score: number;
  /** Rank from 1 in each channel that found the page. */
  readonly channels: Readonly<Partial<Record<Channel, number>>>;
  /** Words of the page, or of its names, that matched. */
  readonly matched: readonly string[];
  readonly snippet: string;
  /** Other pages with the same text, which are not listed. */
  readonly equalPages: number;
}

export interface SearchResult {
  readonly hits: readonly Hit[];
  /** Channels that are not connected, in a sentence for the user. */
  readonly missing: string;
}

export const NO_MEANING =
  "Found by words only: no embedding model is connected, so pages that say the same in other " +
  "words are not found.";

const WEIGHTS = { words: 1, fuzzy: 0.3 } as const;
const MAX_TERMS = 64;
const MAX_RANKED = 1000;
/** Words of the collection that one misspelt word may stand for. */
const MAX_SPELLINGS = 20;
const OPEN = "\u0002";
const CLOSE = "\u0003";

const RANKED = `
  SELECT page.id AS id, page.fingerprint AS fingerprint FROM words
  JOIN page ON page.id = words.rowid JOIN document ON document.id = page.document
  WHERE words MATCH ? AND document.state IN ('ready', 'partly')
  ORDER BY bm25(words, 1, 1, 3), document.hash, page.number LIMIT ${MAX_RANKED}`;

/** In one row, because a row of its own for each word costs more than to read the index. */
const VOCABULARY = `
  SELECT group_concat(term, ' ') AS terms FROM vocabulary WHERE length(term) BETWEEN ? AND ?`;

/**
 * Finds the pages that have words of the query, best first, and one of those with equal texts.
 * The order depends on the documents only, not on the order in which they were added.
 */
export function searchPages(database: Database, query: string, limit: number): SearchResult {
  const terms = queryTerms(query, MAX_TERMS);
  const exact = terms.map(({ expression }) => expression).join(" OR ");
  const similar = spellings(database, terms).map(quoted).join(" OR ");
  const prints = new Map<number, string>();
  const rankings: Ranking<Channel>[] = [];
  if (exact !== "") rankings.push(ranking(database, "words", exact, prints));
  if (similar !== "") rankings.push(ranking(database, "fuzzy", similar, prints));
  const match = [exact, similar].filter((expression) => expression !== "").join(" OR ");
  const groups = new Map<string, { page: number; equal: number; at: number }>();
  const fused = fuse(rankings);
  for (const [at, { page }] of fused.entries()) {
    const print = prints.get(page)!;
    const group = groups.get(print);
    if (group === undefined) groups.set(print, { page, equal: 0, at });
    else group.equal += 1;
  }
  const hits = [...groups.values()].slice(0, limit).map(({ page, equal, at }) => {
    const { score, ranks } = fused[at]!;
    return { ...describe(database, match, page), score, channels: ranks, equalPages: equal };
  });
  return { hits, missing: NO_MEANING };
}

/** Pages that match, best first; their fingerprints go to `prints`. */
function ranking(
  database: Database,
  channel: Channel,
  match: string,
  prints: Map<number, string>,
): Ranking<Channel> {
  const rows = database.all(RANKED, match);
  for (const { id, fingerprint } of rows) prints.set(Number(id), String(fingerprint));
  return { channel, weight: WEIGHTS[channel], pages: rows.map(({ id }) => Number(id)) };
}

/** Words of the collection that are spelt nearly like terms which no page has. */
function spellings(database: Database, terms: readonly QueryTerm[]): string[] {
  const found = new Set<string>();
  for (const { text, expression } of terms) {
    const edits = /^\p{L}+$/u.test(text) ? allowedEdits(text) : 0;
    if (edits === 0) continue;
    if (database.get("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", expression)) continue;
    const lengths = [text.length - edits, text.length + edits];
    const words = String(database.get(VOCABULARY, ...lengths)?.terms ?? "").split(" ");
    const near = words.filter((term) => isWithin(text, term, edits)).sort();
    for (const term of near.slice(0, MAX_SPELLINGS)) found.add(term);
  }
  return [...found];
}

function describe(database: Database, match: string, id: number) {
  const row = database.get(
    `SELECT page.number, page.document,
       snippet(words, 0, '${OPEN}', '${CLOSE}', ' … ', 24) AS snippet,
       highlight(words, 2, '${OPEN}', '${CLOSE}') AS named
     FROM words JOIN page ON page.id = words.rowid
     WHERE words MATCH ? AND words.rowid = ?`,
    match,
    id,
  );
  const snippet = String(row?.snippet ?? "");
  const marked = `${snippet} ${row?.named ?? ""}`.split(OPEN).slice(1);
  const matched = marked.map((text) => text.split(CLOSE)[0]!.toLowerCase());
  const names = database.all(
    "SELECT path FROM name WHERE document = ? ORDER BY path",
    row?.document ?? null,
  );
  return {
    names: names.map(({ path }) => String(path)),
    page: Number(row?.number),
    matched: [...new Set(matched)],
    snippet: snippet.replaceAll(OPEN, "").replaceAll(CLOSE, "").replace(/\s+/g, " ").trim(),
  };
}
