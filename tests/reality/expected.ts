// The stored corpus: the program that made each file, and the results of a second program.

import { readdirSync, readFileSync } from "node:fs";

const HERE = new URL("./", import.meta.url);

export interface Origin {
  readonly program: string;
  readonly version: string;
  readonly debianPackage: string;
  readonly command: string;
}

export interface ExpectedPicture {
  readonly by: string;
  readonly format: string;
  readonly size: readonly [number, number];
  readonly pages: readonly (readonly [number, number])[];
}

export interface ExpectedPage {
  /** Width and height in points, as the page is shown. */
  readonly points: readonly [number, number];
  /** Text, then left, top, right and bottom in thousandths of the page. */
  readonly words: readonly (readonly [string, number, number, number, number])[];
  /** Mean darkness of the cells of a grid, 0 to 255; of the first pages only. */
  readonly ink?: readonly (readonly number[])[];
}

export interface ExpectedDocument {
  readonly pages: readonly ExpectedPage[];
}

export interface ExpectedVideo {
  readonly codec?: string;
  readonly size?: readonly [number, number];
  readonly seconds?: readonly number[];
  /** 0: the file has only sound. */
  readonly tracks?: number;
}

/** Where the product is not to agree with the second opinion, and why. */
export interface Difference {
  readonly reason: string;
  /** The file is to be refused, or may be where `orRead` is true, with words that match. */
  readonly refused?: string;
  readonly orRead?: boolean;
  /** Parts of the comparison that are left out. */
  readonly skip?: readonly ("pixels" | "size" | "pages" | "ink" | "words" | "boxes" | "verified")[];
  /** Words that the second opinion does not have, or has and should not. */
  readonly more?: readonly string[];
  readonly less?: readonly string[];
  /** Words that are no value of their own, so that nobody asks whether they are on the page. */
  readonly noValues?: readonly string[];
}

type Stored = ExpectedPicture | ExpectedDocument | ExpectedVideo | { readonly unread: string };

function load<T>(name: string): Readonly<Record<string, T>> {
  return JSON.parse(readFileSync(new URL(name, HERE), "utf8"));
}

export const MANIFEST = load<Origin>("manifest.json");
export const EXPECTED = load<Stored>("expected.json");
export const DIFFERENCES = load<Difference>("differences.json");

/** Names of all files, as "pictures/a.png". */
export const NAMES: readonly string[] = Object.keys(MANIFEST);

export function bytesOf(name: string): Uint8Array {
  return readFileSync(new URL(`files/${name}`, HERE));
}

/** The PNG file of a picture's pixels as the second opinion sees them. */
export function pixelsOf(name: string): Uint8Array {
  return readFileSync(new URL(`expected/${name.slice(name.indexOf("/") + 1)}.png`, HERE));
}

/** Files without an entry: the corpus must be generated again. */
export function unlisted(): string[] {
  const kinds = readdirSync(new URL("files/", HERE));
  const files = kinds.flatMap((kind) =>
    readdirSync(new URL(`files/${kind}/`, HERE)).map((file) => `${kind}/${file}`),
  );
  return files.filter((name) => MANIFEST[name] === undefined);
}
