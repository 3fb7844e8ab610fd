// Only content that a viewer shows is rendered and extracted as text.

import { describe, expect, test } from "vitest";
import { firstExtra, pdf, stream } from "../../tests/fixtures/pdf-files.ts";
import { openDocument } from "./document.ts";
import type { PageText } from "./page-text.ts";
import type { Document } from "./pages.ts";
import type { RgbImage } from "./rgb-image.ts";

const OPTIONS = { dpi: 72 };

async function using<T>(file: Uint8Array, work: (document: Document) => Promise<T>): Promise<T> {
  const document = await openDocument(file, OPTIONS);
  try {
    return await work(document);
  } finally {
    await document.close();
  }
}

const textOf = (file: Uint8Array, page = 0): Promise<PageText> => {
  return using(file, async (document) => await document.text(document.pages[page]!));
};

const pictureOf = (file: Uint8Array): Promise<RgbImage> => {
  return using(file, async (document) => await document.render(document.pages[0]!));
};

/** Dark pixels in a rectangle of the picture. */
function dark({ rgb, width }: RgbImage, [left, top, right, bottom]: readonly number[]): number {
  let count = 0;
  for (let y = top!; y < bottom!; y++) {
    for (let x = left!; x < right!; x++) if (rgb[(y * width + x) * 3]! < 128) count += 1;
  }
  return count;
}

/** One page of 200 points a side, with contents, more entries and more objects. */
function page(contents: string, entries = "", objects: string[] = [], catalogue = ""): Buffer {
  const extra = firstExtra(1);
  return pdf([{ entries: `${entries} /Contents ${extra} 0 R` }], {
    objects: [stream("", contents), ...objects],
    catalogue,
  });
}

const shown = (text: string, x: number, y: number, size = 12): string => {
  return `BT /F1 ${size} Tf ${x} ${y} Td (${text}) Tj ET `;
};

describe("fields and notes", () => {
  const extra = firstExtra(1);
  const look = (contents: string): string =>
    stream(
      "/Type /XObject /Subtype /Form /BBox [0 0 130 20] /Resources << /Font << /F1 3 0 R >> >>",
      contents,
    );
  const annotation = (entries: string): string => `<< /Type /Annot /F 4 ${entries} >>`;
  const note = "BT /F1 12 Tf 2 5 Td (urgent) Tj ET";
  const field = (type: string, rect: string, entries: string): string =>
    annotation(`/Subtype /Widget /FT /${type} /DA (/F1 12 Tf 0 g) /Rect [${rect}] ${entries}`);
  const file = page(
    shown("Name:", 10, 170),
    `/Annots [${[1, 2, 3, 4, 5].map((at) => `${extra + at} 0 R`).join(" ")}]`,
    [
      field("Tx", "60 164 190 184", "/T (name) /V (Zoe Quill)"),
      field(
        "Btn",
        "60 124 80 144",
        `/T (paid) /V /Yes /AS /Yes /AP << /N << /Yes ${extra + 6} 0 R >> >>`,
      ),
      field(
        "Btn",
        "90 124 110 144",
        `/T (open) /V /Off /AS /Off /AP << /N << /Yes ${extra + 6} 0 R >> >>`,
      ),
      annotation(`/Subtype /FreeText /Rect [60 44 190 64] /AP << /N ${extra + 7} 0 R >>`),
      "<< /Type /Annot /F 2 /Subtype /FreeText /Rect [60 14 190 34] " +
        `/AP << /N ${extra + 7} 0 R >> >>`,
      look("0 0 20 20 re 0 0 m 20 20 l S"),
      look(note),
    ],
    `/AcroForm << /Fields [${[1, 2, 3].map((at) => `${extra + at} 0 R`).join(" ")}] ` +
      "/DR << /Font << /F1 3 0 R >> >> /DA (/F1 12 Tf 0 g) >>",
  );

  test("are rendered, hidden ones are not", async () => {
    const picture = await pictureOf(file);
    expect(dark(picture, [60, 16, 190, 36])).toBeGreaterThan(50);
    expect(dark(picture, [58, 56, 82, 76])).toBeGreaterThan(5);
    expect(dark(picture, [60, 136, 190, 156])).toBeGreaterThan(30);
    expect(dark(picture, [60, 166, 190, 186])).toBe(0);
  });

  test("are text with boxes", async () => {
    const { text, boxes } = await textOf(file);
    expect(text.split(/\s+/)).toEqual(["Name:", "Zoe", "Quill", "urgent", "✔"]);
    const at = text.indexOf("Zoe") * 4;
    expect(boxes[at]).toBeCloseTo(0.31, 1);
    expect(boxes[at + 1]).toBeCloseTo(0.1, 1);
    const tick = Array.from(boxes.subarray(text.indexOf("✔") * 4), (side) =>
      Number(side.toFixed(2)),
    );
    expect(tick).toEqual([0.3, 0.28, 0.4, 0.38]);
  });
});

describe("a page with a note", () => {
  const extra = firstExtra(1);
  const own = "/Parent 2 0 R /MediaBox [0 0 200 200]";
  const notes =
    "<< /Type /Annot /F 4 /Subtype /FreeText /Rect [60 44 190 64] " +
    `/AP << /N ${extra + 2} 0 R >> >>`;
  const look = stream(
    "/Type /XObject /Subtype /Form /BBox [0 0 130 20] /Resources << /Font << /F1 3 0 R >> >>",
    "BT /F1 12 Tf 2 5 Td (urgent) Tj ET",
  );
  /** The page's boxes stand in its parent only. */
  const inherited = (boxes: string): Buffer => {
    const parent = `<< /Type /Pages /Parent 2 0 R /Kids [4 0 R] /Count 1 ${boxes} >>`;
    const objects = [notes, look, parent];
    const file = page(shown("Name", 60, 100), `/Annots [${extra + 1} 0 R]`, objects);
    const moved = `/Parent ${extra + 3} 0 R`.padEnd(own.length);
    return Buffer.from(file.toString("latin1").replace(own, moved), "latin1");
  };

  test.each([
    ["/MediaBox [0 0 200 200]", 0.3, 0.5],
    ["/MediaBox [0 0 1000 1000]", 0.06, 0.9],
    ["/MediaBox [0 0 500 500] /CropBox [50 0 150 200]", 0.1, 0.5],
    ["/MediaBox [0 0 200 200] /Rotate 180", 0.7, 0.5],
  ])("keeps the inherited %s", async (boxes, x, y) => {
    const { text, boxes: sides } = await textOf(inherited(boxes));
    expect(text.split(/\s+/).sort()).toEqual(["Name", "urgent"]);
    const at = text.indexOf("N") * 4;
    const middle = [0, 1].map((axis) => (sides[at + axis]! + sides[at + 2 + axis]!) / 2);
    expect(Math.abs(middle[0]! - x)).toBeLessThan(0.1);
    expect(Math.abs(middle[1]! - y)).toBeLessThan(0.1);
  });
});

describe("invisible text is not part of the page text", () => {
  const group = `${firstExtra(1) + 1} 0 R`;
  const layers = `/OCProperties << /OCGs [${group}] /D << /OFF [${group}] >> >>`;
  const layer = "<< /Type /OCG /Name (German) >>";
  const onLayer = (contents: string): Buffer => {
    const resources = `/Resources << /Font << /F1 3 0 R >> /Properties << /L ${group} >> >>`;
    return page(contents, resources, [layer], layers);
  };

  test.each<[string, Uint8Array]>([
    [
      "outside the crop box",
      page(shown("in", 20, 150) + shown("out", 20, 30), "/CropBox [0 100 200 200]"),
    ],
    [
      "on a layer that is off",
      onLayer(`${shown("in", 20, 150)}/OC /L BDC ${shown("out", 20, 30)}EMC`),
    ],
    [
      "under the text of a layer that is on",
      onLayer(`/OC /L BDC ${shown("ut", 20, 30)}EMC ${shown("in", 20, 30)}`),
    ],
    [
      "clipped away",
      page(`q 0 100 200 100 re W n ${shown("out", 20, 30)}Q ${shown("in", 20, 150)}`),
    ],
    ["white on white", page(`${shown("in", 20, 150)}1 g ${shown("out", 20, 30)}`)],
    [
      "behind a filled box",
      page(`${shown("in", 20, 150)}${shown("out", 20, 30)}1 g 0 0 200 60 re f`),
    ],
  ])("%s", async (_, file) => {
    expect((await textOf(file)).text).toBe("in");
  });

  test("but the text behind a scan is", async () => {
    const file = page(`BT /F1 12 Tf 3 Tr 20 150 Td (read by machine) Tj ET`);
    expect((await textOf(file)).text).toBe("read by machine");
  });
});

describe("fonts", () => {
  const font = (name: string, names: string): string =>
    `<< /Type /Font /Subtype /TrueType /BaseFont /${name} /FirstChar 1 /LastChar 3 ` +
    "/Widths [600 600 600] /Encoding << /BaseEncoding /WinAnsiEncoding " +
    `/Differences [1 ${names}] >> >>`;
  const written = (object: string): Buffer =>
    page(
      "BT /F2 30 Tf 20 150 Td (\\001\\002\\003) Tj ET",
      `/Resources << /Font << /F2 ${firstExtra(1) + 1} 0 R >> >>`,
      [object],
    );

  test.each([
    ["Arial", "/afii10017 /afii10018 /Euro", "АБ€"],
    ["Calibri", "/afii10017 /afii10018 /Euro", "АБ€"],
    ["TimesNewRoman,Bold", "/Psi /Gamma /Lambda", "ΨΓΛ"],
    ["NobodyKnowsIt", "/Lslash /scedilla /Euro", "Łş€"],
  ])("that are not in the file are replaced: %s", async (name, names, text) => {
    const file = written(font(name, names));
    expect(await textOf(file)).toMatchObject({ text, undrawn: 0 });
    for (const left of [20, 38, 56]) {
      expect(dark(await pictureOf(file), [left, 20, left + 18, 55])).toBeGreaterThan(40);
    }
  });

  test("characters that no font has are counted and stay text", async () => {
    const file = written(font("Arial", "/uni65E5 /uni672C /uni8A9E"));
    expect(await textOf(file)).toMatchObject({ text: "日本語", undrawn: 3 });
  });
});

describe("characters", () => {
  test("note marks and exponents are raised", async () => {
    const { text, raised } = await textOf(
      page(`BT /F1 12 Tf 20 150 Td (1,250) Tj /F1 7 Tf 5 Ts (1) Tj 0 Ts /F1 12 Tf ( next) Tj ET`),
    );
    expect(text).toBe("1,2501 next");
    expect(Array.from(raised)).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
  });

  test("a hyphen at a line's end stays, and each line has its own words", async () => {
    const file = page("BT /F1 12 Tf 14 TL 20 150 Td (a well-) Tj T* (known one) Tj ET");
    expect((await textOf(file)).text).toBe("a well-\nknown one");
  });

  test("columns are parted wider than words", async () => {
    const file = page(shown("12", 20, 150) + shown("345", 60, 150));
    expect((await textOf(file)).text).toBe("12\t345");
  });

  test("marked content with ActualText counts once", async () => {
    const run = (text: string, x: number): string => `BT /F1 12 Tf ${x} 150 Td (${text}) Tj ET `;
    const file = page(
      `/Span << /ActualText (fi) >> BDC ${run("xx", 20)}EMC ${run("ne", 32)}` +
        `/Span << /ActualText (fi) >> BDC ${run("xx", 60)}${run("y", 160)}EMC`,
    );
    expect((await textOf(file)).text).toBe("fine\tfi");
  });

  test("control characters never come through", async () => {
    const file = page("BT /F1 12 Tf 20 150 Td (a\\001\\016b\\177c) Tj ET");
    expect((await textOf(file)).text).not.toMatch(/[^\n\t\P{Cc}]/u);
  });
});

describe("how much of the ink is text", () => {
  const squares = Array.from({ length: 300 }, (_, at) => {
    return `${20 + (at % 30) * 5} ${20 + Math.floor(at / 30) * 10} 3 6 re f`;
  }).join(" ");

  test("all of it", async () => {
    expect((await textOf(page(shown("Total 12.50", 20, 150)))).coverage).toBeGreaterThan(0.95);
  });
  test("little of it on a picture with a stamp", async () => {
    expect((await textOf(page(`${squares} ${shown("PAID", 20, 150)}`))).coverage).toBeLessThan(0.4);
  });
});

describe("pages with faults", () => {
  test("a crop box outside the page is ignored", async () => {
    const file = page(shown("TOP", 20, 150), "/CropBox [300 300 400 400]");
    expect((await textOf(file)).text).toBe("TOP");
    expect(dark(await pictureOf(file), [20, 30, 80, 60])).toBeGreaterThan(30);
  });

  test("a missing page fails alone", async () => {
    const file = pdf([{ lines: ["one"] }, { lines: ["two"] }]);
    const broken = Buffer.from(
      file.toString("latin1").replace("6 0 obj\n<<", "6 0 obj\n(("),
      "latin1",
    );
    const found = await using(broken, async ({ pages, faults }) => ({ pages, faults }));
    expect(found.pages.map(({ number }) => number)).toEqual([1]);
    expect(found.faults).toMatchObject([{ number: 2, reason: expect.stringMatching(/page 2/) }]);
  });
});
