// Compares the product's results for a file with those of another program.

import { decodeImage } from "../../src/media/image.ts";
import {
  bytesOf,
  DIFFERENCES,
  type Difference,
  EXPECTED,
  type ExpectedDocument,
  type ExpectedPage,
  type ExpectedPicture,
  type ExpectedVideo,
  pixelsOf,
} from "./expected.ts";
import {
  attempt,
  PAGE_DPI,
  type ReadPage,
  type ReadPicture,
  readDocument,
  readPicture,
  readVideo,
  type Size,
} from "./product.ts";

/** One comparison: correct, or the result that differs. */
export interface Check {
  readonly what: string;
  readonly wrong?: string;
}

export interface Judgement {
  readonly name: string;
  /** Refused with a sentence that names the cause, where the file is to be refused. */
  readonly refused: boolean;
  readonly checks: readonly Check[];
}

/** Largest and mean difference of a channel that decoders of lossy formats may have. */
const LOSSY = { max: 12, mean: 0.6 };
/** libheif repeats the chroma of AVIF and HEIC where others interpolate it. */
const REPEATED_CHROMA = { max: 16, mean: 1.6 };
const EXACT = { max: 0, mean: 0 };
const BOX_TOLERANCE = 12;
const INK_TOLERANCE = { max: 40, mean: 3 };
const SECONDS_TOLERANCE = 0.0051;

export async function judge(name: string): Promise<Judgement> {
  const difference = DIFFERENCES[name];
  const outcome = await attempt(() => read(name));
  if ("refused" in outcome) {
    const pattern = difference?.refused;
    const blamed = /damaged|cut short|too much to draw/.test(outcome.refused);
    const named =
      pattern !== undefined && new RegExp(pattern, "i").test(outcome.refused) && !blamed;
    const check = { what: "refusal", ...(named ? {} : { wrong: outcome.refused }) };
    return { name, refused: named, checks: [check] };
  }
  if (difference?.refused !== undefined && difference.orRead !== true) {
    const wrong = `was read; to be refused as ${difference.refused}`;
    return { name, refused: false, checks: [{ what: "refusal", wrong }] };
  }
  return { name, refused: false, checks: await outcome.compare(difference ?? { reason: "" }) };
}

interface Readable {
  compare(difference: Difference): Promise<Check[]> | Check[];
}

async function read(name: string): Promise<Readable> {
  const file = bytesOf(name);
  const expected = EXPECTED[name];
  const kind = name.slice(0, name.indexOf("/"));
  if (kind === "videos") {
    const video = await readVideo(file);
    return { compare: () => compareVideo(video, expected as ExpectedVideo) };
  }
  if (kind === "documents") {
    const document = await readDocument(file);
    return { compare: (d) => compareDocument(document, expected as ExpectedDocument, d) };
  }
  if (kind === "pictures") {
    const picture = await readPicture(file);
    return { compare: (d) => comparePicture(name, picture, expected as ExpectedPicture, d) };
  }
  const document = await readDocument(file);
  const found = `was read as ${document.total} pages`;
  return { compare: (d) => [d.orRead ? { what: "read" } : { what: "read", wrong: found }] };
}

function check(what: string, right: boolean, found: () => string): Check {
  return right ? { what } : { what, wrong: found() };
}

const showSize = ({ width, height }: Size): string => `${width}×${height}`;

function sameSize(a: Size, [width, height]: readonly [number, number], tolerance = 0): boolean {
  return Math.abs(a.width - width) <= tolerance && Math.abs(a.height - height) <= tolerance;
}

async function comparePicture(
  name: string,
  picture: ReadPicture,
  expected: ExpectedPicture,
  { skip = [] }: Difference,
): Promise<Check[]> {
  const { header, image, pages } = picture;
  const checks = [
    check("size", skip.includes("size") || sameSize(image, expected.size), () => {
      return `${showSize(image)}, not ${expected.size}`;
    }),
    check("header", sameSize(header, [image.width, image.height]), () => {
      return `${showSize(header)} in the header, ${showSize(image)} decoded`;
    }),
    check(
      "pages",
      skip.includes("pages") ||
        (pages.length === expected.pages.length &&
          pages.every((page, at) => sameSize(page, expected.pages[at]!))),
      () => `${pages.map(showSize).join(" ")}, not ${expected.pages.join(" ")}`,
    ),
  ];
  if (!sameSize(image, expected.size) || skip.includes("pixels")) return checks;
  const right = (await decodeImage(pixelsOf(name))).rgb;
  const { max, mean } = difference(image.rgb, right);
  const allowed = boundsOf(name);
  checks.push(
    check("pixels", max <= allowed.max && mean <= allowed.mean, () => {
      return `differ by up to ${max}, by ${mean.toFixed(3)} in the mean`;
    }),
  );
  return checks;
}

/** Decoders of lossy formats may round differently. */
function boundsOf(name: string): { readonly max: number; readonly mean: number } {
  if (/\.(avif|heic)$/.test(name)) return REPEATED_CHROMA;
  const lossy = /\.(jpe?g|mpo|jxl)$|lossy|jpeg|webp-|tiff-webp|alpha\.webp$/;
  return lossy.test(name) ? LOSSY : EXACT;
}

function difference(a: Uint8Array, b: Uint8Array): { max: number; mean: number } {
  let [max, sum] = [0, 0];
  for (let at = 0; at < a.length; at++) {
    const apart = Math.abs(a[at]! - b[at]!);
    max = Math.max(max, apart);
    sum += apart;
  }
  return { max, mean: sum / a.length };
}

function compareDocument(
  document: { readonly total: number; readonly pages: readonly ReadPage[] },
  expected: ExpectedDocument,
  difference: Difference,
): Check[] {
  const { skip = [] } = difference;
  const { total } = document;
  const wanted = expected.pages.length;
  const checks = [check("page count", total === wanted, () => `${total} pages, not ${wanted}`)];
  document.pages.forEach((page, at) => {
    const right = expected.pages[at];
    if (right === undefined) return;
    const pixels = right.points.map((side) => (side * PAGE_DPI) / 72) as [number, number];
    const size = check(`page ${at + 1} size`, sameSize(page.size, pixels, 1), () => {
      return `${showSize(page.size)}, not ${pixels.map((side) => side.toFixed(1))}`;
    });
    if (!skip.includes("size")) checks.push(size);
    if (right.ink !== undefined && !skip.includes("ink")) checks.push(compareInk(page, right, at));
    checks.push(...compareWords(page, right, at, difference));
  });
  return checks;
}

function compareInk(page: ReadPage, expected: ExpectedPage, at: number): Check {
  const { rgb, width, height } = page.image;
  const grid = expected.ink!;
  let [max, sum, cells] = [0, 0, 0];
  grid.forEach((line, row) => {
    line.forEach((right, column) => {
      const found = darkness(rgb, width, [
        Math.floor((column * width) / line.length),
        Math.floor((row * height) / grid.length),
        Math.max(1, Math.floor(((column + 1) * width) / line.length)),
        Math.max(1, Math.floor(((row + 1) * height) / grid.length)),
      ]);
      max = Math.max(max, Math.abs(found - right));
      sum += Math.abs(found - right);
      cells += 1;
    });
  });
  const mean = sum / cells;
  const right = max <= INK_TOLERANCE.max && mean <= INK_TOLERANCE.mean;
  return check(`page ${at + 1} drawing`, right, () => {
    return `darkness differs by up to ${max.toFixed(0)}, by ${mean.toFixed(1)} in the mean`;
  });
}

function darkness(
  rgb: Uint8Array,
  width: number,
  [left, top, right, bottom]: readonly [number, number, number, number],
): number {
  let [sum, count] = [0, 0];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const at = (y * width + x) * 3;
      sum += 0.299 * rgb[at]! + 0.587 * rgb[at + 1]! + 0.114 * rgb[at + 2]!;
      count += 1;
    }
  }
  return count === 0 ? 0 : 255 - sum / count;
}

/** Without what readers of PDF spell differently: blanks, hyphens, ligatures, formatting. */
function plain(text: string): string {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[\s\p{C}\u00ad\u2010-\u2015\u2212-]+/gu, "")
    .replace(/[✔✓●]/g, "") // how a tick is spelled
    .replace(/[‘’‛′]/g, "'");
}

function compareWords(
  page: ReadPage,
  expected: ExpectedPage,
  at: number,
  { skip = [], more = [], less = [], noValues = [] }: Difference,
): Check[] {
  const where = `page ${at + 1}`;
  const right = expected.words.filter(([text]) => !less.includes(text));
  const ours = plain(page.words.map(({ text }) => text).join(""));
  const theirs = plain([...right.map(([text]) => text), ...more].join(""));
  const missing = [...right.map(([text]) => text), ...more].filter((t) => !ours.includes(plain(t)));
  const extra = page.words.filter(({ text }) => !theirs.includes(plain(text))).map((w) => w.text);
  const misplaced = right.flatMap(([text, ...box]) => {
    const same = page.words.filter((word) => word.text === text);
    const unique = same.length === 1 && right.filter(([other]) => other === text).length === 1;
    return unique && !near(same[0]!.box, box) ? [`${text} ${same[0]!.box}, not ${box}`] : [];
  });
  const unverified = valuesOf(right.map(([text]) => text))
    .filter((text) => !noValues.includes(text))
    .filter((text) => page.verdict(text) !== "verified");
  const control = page.words.filter(({ text }) => /\p{Cc}/u.test(text));
  const list = (texts: readonly string[]): string =>
    `${texts.length}: ${texts.slice(0, 6).map((text) => JSON.stringify(text))}`;
  const wordless = skip.includes("words");
  return [
    check(`${where} words missing`, wordless || missing.length === 0, () => list(missing)),
    check(`${where} words too many`, wordless || extra.length === 0, () => list(extra)),
    check(`${where} control characters`, control.length === 0, () =>
      list(control.map((w) => w.text)),
    ),
    check(`${where} boxes`, skip.includes("boxes") || misplaced.length === 0, () =>
      list(misplaced),
    ),
    check(`${where} verified`, skip.includes("verified") || unverified.length === 0, () => {
      return list(unverified);
    }),
  ];
}

/** Words as somebody would name them: without stops; divided ones with and without hyphen. */
function valuesOf(words: readonly string[]): string[] {
  const values: string[] = [];
  const clean = (text: string): string => text.replace(/\u00ad/g, "").replace(/[.,;:!?]+$/, "");
  for (let at = 0; at < words.length; at++) {
    const next = words[at + 1];
    const [, head] = /^(.*\p{L})[-\u2010\u00ad]+$/u.exec(words[at]!) ?? [];
    if (head !== undefined && next !== undefined && /^\p{L}/u.test(next)) {
      values.push(clean(head + next), clean(`${head}-${next}`));
      at += 1;
    } else values.push(clean(words[at]!));
  }
  return values.filter((text) => /[\p{L}\p{N}]/u.test(text));
}

/** Fonts' ascents are read differently: across the line, boxes are compared by their middle. */
function near(box: readonly number[], right: readonly number[]): boolean {
  const middle = (b: readonly number[], at: number): number => (b[at]! + b[at + 2]!) / 2;
  const long = (at: number): boolean =>
    Math.abs(box[at]! - right[at]!) <= BOX_TOLERANCE &&
    Math.abs(box[at + 2]! - right[at + 2]!) <= BOX_TOLERANCE;
  const across = (at: number): boolean => {
    const half = (right[at + 2]! - right[at]!) / 2;
    return Math.abs(middle(box, at) - middle(right, at)) <= Math.max(BOX_TOLERANCE, half);
  };
  return (long(0) && across(1)) || (across(0) && long(1));
}

function compareVideo(
  video: Awaited<ReturnType<typeof readVideo>>,
  expected: ExpectedVideo,
): Check[] {
  if (expected.seconds === undefined || expected.size === undefined) {
    return [{ what: "refusal", wrong: `was read as ${video.seconds.length} frames` }];
  }
  const { seconds, size, decoded } = video;
  const right = expected.seconds;
  const apart = right.findIndex((s, at) => Math.abs(s - (seconds[at] ?? -1)) > SECONDS_TOLERANCE);
  const frames = Math.min(3, right.length);
  return [
    check("size", sameSize(size, expected.size), () => `${showSize(size)}, not ${expected.size}`),
    check("frame count", seconds.length === right.length, () => {
      return `${seconds.length} frames, not ${right.length}`;
    }),
    check("times", apart < 0, () => `frame ${apart} at ${seconds[apart]}, not ${right[apart]}`),
    check(
      "frames",
      decoded.length === frames && decoded.every((frame) => sameSize(frame, expected.size!)),
      () => `${decoded.length} of ${frames} decoded: ${decoded.map(showSize)}`,
    ),
  ];
}
