import { describe, expect, test } from "vitest";
import { assemble, encryptedPdf, firstExtra, pdf, tiff } from "../../tests/fixtures/pdf-files.ts";
import type { PageOptions } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { openDocument } from "./document.ts";
import { choosePages } from "./page-range.ts";
import type { Document } from "./pages.ts";
import type { RgbImage } from "./rgb-image.ts";
import { inspectFrames } from "./source.ts";

async function using<T>(
  file: Uint8Array,
  options: PageOptions,
  work: (document: Document) => Promise<T>,
): Promise<T> {
  const document = await openDocument(file, options);
  try {
    return await work(document);
  } finally {
    await document.close();
  }
}

/** Its code and message; fails if all pages can be drawn. */
async function refusal(file: Uint8Array, options: PageOptions = {}): Promise<string> {
  try {
    await using(file, options, async (document) => {
      for (const page of document.pages) await document.render(page);
    });
  } catch (error) {
    expect(error).toBeInstanceOf(VireoError);
    return `${(error as VireoError).code}: ${(error as VireoError).message}`;
  }
  return "drawn";
}

function darkShare({ rgb }: RgbImage): number {
  let dark = 0;
  for (let i = 0; i < rgb.length; i += 3) if (rgb[i]! < 128) dark += 3;
  return dark / rgb.length;
}

describe("pages of a PDF", () => {
  const file = pdf([
    { lines: ["Invoice 4711", "Total 12.50 EUR"] },
    { box: "0 0 400 200" },
    { lines: ["third"], entries: "/Rotate 90", box: "0 0 100 200" },
  ]);

  test("are rendered in the requested order and size", async () => {
    await using(file, { pages: "3,1-2", dpi: 72 }, async (document) => {
      expect(document.total).toBe(3);
      expect(document.pages).toEqual([
        { number: 3, width: 200, height: 100 },
        { number: 1, width: 200, height: 200 },
        { number: 2, width: 400, height: 200 },
      ]);
      const [, first, second] = document.pages;
      const drawn = await document.render(first!);
      expect(drawn.rgb.length).toBe(200 * 200 * 3);
      expect(darkShare(drawn)).toBeGreaterThan(0.005);
      expect(darkShare(await document.render(second!))).toBe(0);
    });
    const twice = { pages: "1", dpi: 144 };
    const sizes = await using(file, twice, async ({ pages }) => pages);
    expect(sizes).toEqual([{ number: 1, width: 400, height: 400 }]);
  });

  test("have their text with the place of each character", async () => {
    await using(file, { pages: "1,2" }, async (document) => {
      const [first, second] = document.pages;
      const { text, boxes } = await document.text(first!);
      expect(text.split(/\r?\n/)).toEqual(["Invoice 4711", "Total 12.50 EUR"]);
      expect(boxes.length).toBe(text.length * 4);
      const [left, top, right, bottom] = boxes.subarray(0, 4);
      // 20 points from the left and 30 from the top, of 200
      expect(left).toBeCloseTo(0.1, 1);
      expect(top).toBeGreaterThan(0.08);
      expect(bottom).toBeCloseTo(0.15, 2);
      expect(right! - left!).toBeLessThan(0.05);
      expect((await document.text(second!)).text).toBe("");
    });
  });

  test("an aborted signal ends the work", async () => {
    const reason = new Error("enough");
    const opening = openDocument(file, {}, AbortSignal.abort(reason));
    await expect(opening).rejects.toBe(reason);
    const controller = new AbortController();
    const document = await openDocument(file, {}, controller.signal);
    const drawing = document.render(document.pages[0]!);
    controller.abort(reason);
    await expect(drawing).rejects.toBe(reason);
    await document.close();
  });
});

describe("frames of a TIFF are pages", () => {
  const file = tiff([
    { width: 8, height: 6, gray: 10 },
    { width: 4, height: 4, gray: 200 },
  ]);

  test("each with its size and pixels", async () => {
    await using(file, {}, async (document) => {
      expect(document.pages).toEqual([
        { number: 1, width: 8, height: 6 },
        { number: 2, width: 4, height: 4 },
      ]);
      const second = await document.render(document.pages[1]!);
      expect([second.width, second.height, second.rgb[0]]).toEqual([4, 4, 200]);
      expect((await document.render(document.pages[0]!)).rgb[0]).toBe(10);
    });
  });

  test("a chain of frames that bites its tail ends", async () => {
    const loop = Buffer.from(file);
    loop.writeUInt32LE(loop.readUInt32LE(4), loop.length - 4);
    await using(loop, {}, async ({ total }) => expect(total).toBe(2));
  });
});

test("of a TIFF's directory only the entries of the size are read", () => {
  const file = Buffer.from(tiff([{ width: 8, height: 6, gray: 10 }]));
  file.writeUInt16LE(65_535, file.readUInt32LE(4)); // entries, most of them behind the file's end
  expect(inspectFrames(file)).toMatchObject([{ width: 8, height: 6 }]);
});

/** The heads of a ZIP file's entries, which are empty. */
function zipOf(...names: readonly string[]): Buffer {
  const entries = names.map((name) => {
    const head = Buffer.alloc(30);
    head.write("PK\x03\x04");
    head.writeUInt16LE(name.length, 26);
    return Buffer.concat([head, Buffer.from(name)]);
  });
  return Buffer.concat(entries);
}

describe("hostile files", () => {
  const page = { lines: ["text"] };
  const deep = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  const rows: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
    ["nothing", () => new Uint8Array(0), /^invalid_media: .*0 bytes/],
    ["only a head", () => Buffer.from("%PDF-1.7\n"), /^media_undecodable: .*damaged/],
    ["a head and noise", () => Buffer.from(`%PDF-1.7\n${"\x01".repeat(5000)}`), /^media_undec/],
    ["encrypted", encryptedPdf, /^media_undecodable: .*encrypted.*password/],
    ["no pages", () => pdf([]), /^media_undecodable: .*(no pages|damaged)/],
    ["10,000 pages", () => pdf(Array(10_000).fill({})), /^too_many_pages: 10000 .*1-100/],
    ["a lie of a page count", () => pdf([page], { count: 5 }), /media_undecodable: page 2|drawn/],
    ["a billion pages", () => pdf([page], { count: 1e9 }), /^(media_undecodable|too_many|drawn)/],
    ["a huge page", () => pdf([{ ...page, box: "0 0 1e9 1e9" }]), /^drawn/],
    ["a thin page", () => pdf([{ ...page, box: "0 0 1e6 1" }]), /^drawn/],
    ["a page without area", () => pdf([{ ...page, box: "0 0 0 0" }]), /^(drawn|media_undecodable)/],
    ["a page of no numbers", () => pdf([{ ...page, box: "a b c d" }]), /^(drawn|media_undec)/],
    [
      "deep nesting",
      () => pdf([page], { catalogue: `/X ${deep(50_000)}` }),
      /^(drawn|media_undec)/,
    ],
    [
      "a tree in a ring",
      () =>
        assemble([
          "<< /Type /Catalog /Pages 2 0 R >>",
          "<< /Type /Pages /Kids [2 0 R] /Count 3 >>",
        ]),
      /^media_undecodable/,
    ],
    [
      "a word document",
      () => zipOf("[Content_Types].xml", "word/document.xml"),
      /^(media_undecodable|unsupported_media_type): .*LibreOffice.*DOCX|DOCX.*libreoffice/,
    ],
    [
      "a workbook",
      () => zipOf("[Content_Types].xml", "xl/workbook.xml"),
      /^(media_undecodable|unsupported_media_type): .*XLSX/,
    ],
    [
      "an old office file",
      () => Buffer.from("\xd0\xcf\x11\xe0\xa1\xb1", "latin1"),
      /old Office file.*save it as PDF/,
    ],
    ["a web page", () => Buffer.from("<!doctype html>"), /^unsupported_media_type: .*HTML/],
  ];
  test.each(rows)("%s", async (_, make, expected) => {
    expect(await refusal(make())).toMatch(expected);
  });

  test("half a file is rendered as far as possible, or refused", async () => {
    const whole = pdf([page, page]);
    for (const share of [0.3, 0.6, 0.9]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      expect(await refusal(cut)).toMatch(/^(drawn|media_undecodable)/);
    }
  });

  test("files with wrong bytes are rendered or refused, and later files work", async () => {
    const whole = pdf([page, { ...page, box: "0 0 90 90" }]);
    let state = 7;
    const next = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    for (let round = 0; round < 24; round++) {
      const file = Buffer.from(whole);
      for (let change = 0; change <= round; change++) file[9 + next(file.length - 9)] = next(256);
      expect(await refusal(file)).toMatch(/^(drawn|media_|too_many_pages|invalid_|out_of_range)/);
    }
    expect(await refusal(whole)).toBe("drawn");
  });

  test("tables that point at themselves end", async () => {
    const file = pdf([page]).toString("latin1");
    const start = /startxref\n(\d+)/.exec(file)![1];
    const loop = file.replace("/Root 1 0 R", `/Prev ${start} /Root 1 0 R`);
    expect(await refusal(Buffer.from(loop, "latin1"))).toMatch(/^(drawn|media_undecodable)/);
  });

  test("scripts, actions and links do nothing", async () => {
    const extra = firstExtra(1);
    const file = pdf(
      [{ ...page, entries: `/AA << /O ${extra} 0 R >> /Annots [${extra + 2} 0 R]` }],
      {
        catalogue:
          `/OpenAction ${extra} 0 R ` + `/Names << /JavaScript << /Names [(a) ${extra} 0 R] >> >>`,
        objects: [
          "<< /S /JavaScript /JS (while(true){app.alert(1)}) >>",
          "<< /S /Launch /F (/bin/sh) >>",
          "<< /Subtype /Link /Rect [0 0 200 200] /A << /S /URI /URI (http://127.0.0.1:1/) >> " +
            `/AA << /E ${extra + 1} 0 R >> >>`,
        ],
      },
    );
    expect(await refusal(file)).toBe("drawn");
  });

  test("an image that claims gigabytes stays within the memory limit", async () => {
    const extra = firstExtra(1);
    const image =
      `<< /Type /XObject /Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceRGB ` +
      `/BitsPerComponent 8 /Length 3 >>\nstream\nabc\nendstream`;
    const contents = "q 200 0 0 200 0 0 cm /I Do Q";
    const file = pdf(
      [{ entries: `/Contents ${extra + 1} 0 R /Resources << /XObject << /I ${extra} 0 R >> >>` }],
      {
        objects: [image, `<< /Length ${contents.length} >>\nstream\n${contents}\nendstream`],
      },
    );
    expect(await refusal(file)).toMatch(/^(drawn|media_)/);
  });
});

describe("which pages", () => {
  test.each([
    [undefined, 3, [1, 2, 3]],
    ["2", 3, [2]],
    [" 3 , 1 - 2, 2", 3, [3, 1, 2]],
    ["2-", 4, [2, 3, 4]],
  ])("%s of %i", (text, total, expected) => {
    expect(choosePages(text, total)).toEqual(expected);
  });
  test.each([
    "",
    "0",
    "4",
    "2-1",
    "a",
    "-1",
    "1-2-3",
    "1e3",
    "1.5",
    "2-4",
    ",",
  ])("not %j", (text) => {
    expect(() => choosePages(text, 3)).toThrow(VireoError);
  });
  test("at most the allowed number of pages", () => {
    expect(choosePages("1-100", 5000)).toHaveLength(100);
    expect(() => choosePages("1-101", 5000)).toThrow(/101 pages are asked for/);
  });
});
