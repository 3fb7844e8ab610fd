/** Something wrong with a file, and where: lines and columns count from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A mistake at a path of the file's values. */
export interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Variables that secrets are read from. */
export type Environment = Readonly<Record<string, string | undefined>>;
