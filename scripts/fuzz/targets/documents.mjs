// Texts of pages and the data found in them.

import { csvHead, csvLayout, csvRows } from "../../../dist/extract/csv.js";
import { mergePages, scalarsOf } from "../../../dist/extract/merge.js";
import { numbersIn } from "../../../dist/extract/numbers.js";
import { indexPage } from "../../../dist/extract/page-index.js";
import { sheetsOf, toMarkdown } from "../../../dist/extract/sheets.js";
import { verify } from "../../../dist/extract/verify.js";
import { wordsOf } from "../../../dist/media/words.js";
import { expect } from "../check.mjs";

const PAGE =
  "Invoice\tINV-4711\nDate\t12.03.2025\nTotal\t1.234,56 EUR\nBalance\t(12.50)\nNet 10 52.70\n";
const SCHEMA = {
  type: "object",
  properties: {
    vendor: { type: "string" },
    lines: {
      type: "array",
      items: {
        type: "object",
        properties: { name: { type: "string" }, price: { type: "number" } },
      },
    },
  },
};

function pageOf(text) {
  const boxes = new Float32Array(text.length * 4).map((_, at) => (at % 97) / 97);
  return { text, boxes, raised: new Uint8Array(text.length), coverage: 1, undrawn: 0 };
}

export const targets = {
  verify: {
    form: "text",
    covers: ["/dist/extract/", "/dist/media/words.js"],
    maxBytes: 4096,
    dictionary: [
      "1.234,56",
      "12/03/2025",
      "March",
      "\t",
      "\n",
      "-",
      "(12)",
      "\u00ad",
      "\u2212",
      "1e5",
      "%",
      "\u0663",
      "\ufb01",
    ],
    seeds: () => [PAGE, "12 March 2025\t$1,234.50\n\u0661\u0662\u0663 \ufb01n"],
    /** A whole word of a page is verified, with a box inside of the page. */
    run(text) {
      const page = indexPage(pageOf(text));
      for (const { text: word } of wordsOf(pageOf(text)).slice(0, 5)) {
        const { verdict, box } = verify(word, page);
        if (/^[a-z]{3,}$/i.test(word)) expect(verdict === "verified", `${word}: ${verdict}`);
        expect(box === undefined || box.every((side) => side >= 0 && side <= 1), `box ${box}`);
      }
      for (const { values } of numbersIn(text).slice(0, 5)) verify(Number(values[0]), page);
    },
  },
  sheets: {
    form: "json",
    covers: ["/dist/extract/"],
    keys: ["vendor", "lines", "name", "price", "extra", "__proto__"],
    values: ["=1+1", "a,b", 'q"q', "\n", "|", "\u0000", 1e21, 0.1],
    seeds: () => [
      {
        vendor: "A",
        lines: [
          { name: "x", price: 1 },
          { name: "y", price: 2 },
        ],
      },
    ],
    /** Every row of a CSV file has as many cells as its head. */
    run(data) {
      const layout = csvLayout(SCHEMA);
      const width = cells(csvHead(layout));
      for (const row of csvRows(layout, "a.pdf", data)) {
        expect(cells(row) === width, `${cells(row)} cells under a head of ${width}`);
      }
      toMarkdown(sheetsOf(SCHEMA, [{ file: "a.pdf", data }]));
      scalarsOf(data);
      mergePages(
        SCHEMA,
        [
          { page: 1, value: data },
          { page: 2, value: data },
        ].map(asAnswer),
      );
    },
  },
};

function asAnswer({ page, value }) {
  return { page, value, findings: new Map() };
}

/** Counts the cells of one line of a CSV file. */
function cells(line) {
  let [count, quoted] = [1, false];
  for (const character of line) {
    if (character === '"') quoted = !quoted;
    else if (character === "," && !quoted) count += 1;
  }
  return count;
}
