/** Values of a row and of the parameters of a statement. */
export type SqlValue = number | string | Uint8Array | null;

export type SqlRow = Readonly<Record<string, SqlValue>>;

/** An open database. Statements run at once, on the calling thread. */
export interface Database {
  /** Runs one or more statements without parameters. */
  exec(sql: string): void;
  /** Runs a statement whose parameters are `?`. */
  run(sql: string, ...values: SqlValue[]): void;
  all(sql: string, ...values: SqlValue[]): SqlRow[];
  get(sql: string, ...values: SqlValue[]): SqlRow | undefined;
  /** Runs `work` in one transaction: all of its changes are kept, or none if it throws. */
  transaction<T>(work: () => T): T;
  close(): void;
}
