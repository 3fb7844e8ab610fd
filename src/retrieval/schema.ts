/**
 * The schema of a collection, as migrations in order. A document is known by the hash of its bytes
 * and has any number of names; `words` has one row for each page, with the page's id.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('reading', 'ready', 'partly', 'failed')),
    reason TEXT,
    bytes INTEGER NOT NULL
  );
  CREATE TABLE name (
    path TEXT PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES document (id),
    bytes INTEGER NOT NULL,
    modified REAL NOT NULL
  );
  CREATE INDEX name_document ON name (document);
  CREATE TABLE page (
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES document (id),
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    UNIQUE (document, number)
  );
  CREATE VIRTUAL TABLE words USING fts5 (
    body, forms, name, tokenize = 'unicode61 remove_diacritics 2'
  );
  CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, 'row');
  `,
];
