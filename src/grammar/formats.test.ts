import { isIPv4, isIPv6 } from "node:net";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { accepts, bytesVocabulary, chooser, compile, drawText } from "../../tests/schemas/bytes.ts";
import { STRING_FORMATS, type StringFormat } from "../core/string-formats.ts";
import { outputGrammar } from "./output-grammar.ts";
import type { Vocabulary } from "./vocabulary.ts";

const ajv = new Ajv();
addFormats.default(ajv);
let vocabulary: Vocabulary;
beforeAll(async () => {
  vocabulary = await bytesVocabulary();
});

const grammarOf = (schema: object) =>
  compile(outputGrammar({ type: "json_schema", schema: JSON.stringify(schema) }), vocabulary);

/** Checks a day with JavaScript's calendar, which turns an invalid day into another one. */
function isDay(text: string): boolean {
  const time = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}

/** Second opinions beside ajv's. */
const OPINIONS: Readonly<Record<StringFormat, (text: string) => boolean>> = {
  date: isDay,
  time: (text) => !Number.isNaN(Date.parse(`2024-01-01T${text}`)),
  "date-time": (text) => isDay(text.slice(0, 10)) && !Number.isNaN(Date.parse(text)),
  duration: (text) => /^P(?!$)/.test(text) && !text.endsWith("T"),
  email: (text) => text.length <= 254 && text.indexOf("@") <= 64,
  hostname: (text) => text.length <= 253 && new URL(`foo://${text}/`).hostname === text,
  ipv4: isIPv4,
  ipv6: isIPv6,
  uuid: (text) => text.length === 36,
  uri: (text) => URL.canParse(text),
};

describe.each(STRING_FORMATS)("%s", (format) => {
  const valid = ajv.compile({ type: "string", format });
  const check = (text: string): void => {
    const value: unknown = JSON.parse(text);
    expect(valid(value), text).toBe(true);
    expect(OPINIONS[format](value as string), text).toBe(true);
  };

  test("two validators accept every answer", () => {
    const grammar = grammarOf({ type: "string", format });
    let finished = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const text = drawText(grammar, chooser(seed), 1000);
        if (text === undefined) return;
        finished += 1;
        check(text);
      }),
      { numRuns: 60, seed: 5 },
    );
    expect(finished).toBeGreaterThan(40);
  });

  test("each format also holds with a length", () => {
    fc.assert(
      fc.property(fc.nat(3), fc.integer({ min: 36, max: 300 }), fc.nat(), (min, max, seed) => {
        const grammar = grammarOf({ format, minLength: min, maxLength: max });
        const text = drawText(grammar, chooser(seed), 1000);
        if (text === undefined) return;
        check(text);
        expect((JSON.parse(text) as string).length).toBeGreaterThanOrEqual(min);
        expect((JSON.parse(text) as string).length).toBeLessThanOrEqual(max);
      }),
      { numRuns: 10, seed: 6 },
    );
  });
});

test.each<[StringFormat, yes: string[], no: string[]]>([
  [
    "date",
    ["2024-02-29", "2000-02-29", "1999-12-31", "0001-01-01", "2023-04-30", "9996-02-29"],
    ["2023-02-29", "1900-02-29", "2100-02-29", "2024-02-30", "2023-04-31", "2023-13-01"],
  ],
  ["date", ["2024-01-31"], ["2024-1-31", "0000-02-29", "2024-00-10", "2024-01-00", "No", ""]],
  [
    "time",
    ["00:00:00Z", "23:59:59.123456789+05:30", "12:30:00-00:00"],
    ["24:00:00Z", "12:60:00Z", "12:00Z", "12:00:00", "12:00:00+24:00", "12:00:00.Z"],
  ],
  [
    "date-time",
    ["2024-02-29T23:59:59Z", "2024-06-30T12:00:00.5-08:00"],
    ["2023-02-29T00:00:00Z", "2024-06-30 12:00:00Z", "2024-06-30T12:00:00"],
  ],
  [
    "duration",
    ["P1D", "PT1H30M", "P1Y2M3DT4H5M6S", "P2W", "PT36H", "P1M"],
    ["P", "PT", "P1", "1D", "P1W2D", "P1YT", "PT1S2M", "P1Y3D", "P-1D"],
  ],
  [
    "email",
    ["a@b.co", "first.last+tag@mail.example.com", "o'brien@example.ie", `${"a".repeat(64)}@b.de`],
    [
      "a@b",
      "a..b@c.de",
      ".a@c.de",
      "a.@c.de",
      "a@-c.de",
      "a@c-.de",
      "a b@c.de",
      "@c.de",
      "a@c..de",
    ],
  ],
  [
    "hostname",
    ["localhost", "a.b-c.example", "1.example", `${"a".repeat(62)}.com`, "a.b.c.d.e.f.g.h"],
    ["", "-a", "a-", "a..b", "a_b", `${"a".repeat(64)}.com`, "xn--x", "a.", "ab--c"],
  ],
  ["ipv4", ["0.0.0.0", "255.255.255.255"], ["256.1.1.1", "1.2.3", "01.2.3.4", "1.2.3.4.5"]],
  [
    "ipv6",
    ["::", "::1", "1::", "2001:db8::8:800:200C:417A", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8"],
    ["1:2:3:4:5:6:7", "1::2::3", "12345::", ":::", "1:2:3:4:5:6:7:8:9", "::1.2.3", "g::"],
  ],
  [
    "uuid",
    ["123e4567-e89b-12d3-a456-426614174000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"],
    ["123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400", "{}"],
  ],
  [
    "uri",
    [
      "https://example.com",
      "http://localhost:8080/a/b%20c?q=1&r#top",
      "https://[::1]:443/",
      "mailto:a@b.de",
      "urn:isbn:0451450523",
      "s3://bucket/key",
      "file:///etc/hosts",
      "data:text/plain;base64,SGk=",
    ],
    ["example.com", "http:", "https://", "http://a b", "https://x.1", "http://a:70000", "a%zz:b"],
  ],
])("%s: texts that are answers, and texts that are not", (format, yes, no) => {
  const grammar = grammarOf({ type: "string", format });
  const spelt = (texts: string[]): string[] => texts.map((text) => JSON.stringify(text));
  expect(spelt(yes).filter((text) => !accepts(grammar, text))).toEqual([]);
  expect(spelt(no).filter((text) => accepts(grammar, text))).toEqual([]);
});

test("every day of four centuries and no other", () => {
  const grammar = grammarOf({ format: "date" });
  for (let year = 1896; year <= 2104; year += year % 100 === 4 ? 92 : 1) {
    for (let month = 1; month <= 12; month++) {
      for (let day = 27; day <= 32; day++) {
        const text = [String(year), ...[month, day].map((one) => String(one).padStart(2, "0"))];
        expect(accepts(grammar, `"${text.join("-")}"`), text.join("-")).toBe(isDay(text.join("-")));
      }
    }
  }
});

// Zod 4 writes its formats like this: a pattern beside the format.
const ZOD = {
  email: [
    "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]",
    "@([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$",
  ].join(""),
  duration: [
    "^P(?:(\\d+W)|(?!.*W)(?=\\d|T\\d)(\\d+Y)?(\\d+M)?(\\d+D)?",
    "(T(?=\\d)(\\d+H)?(\\d+M)?(\\d+([.,]\\d+)?S)?)?)$",
  ].join(""),
  time: "^(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d+)?)?$",
  "date-time": [
    "^(?:(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29",
    "|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])",
    "|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|(?:02)-(?:0[1-9]|1\\d|2[0-8])))",
    "T(?:(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d+)?)?(?:Z))$",
  ].join(""),
  uuid: [
    "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}",
    "|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$",
  ].join(""),
};

describe("beside a pattern", () => {
  test.each(Object.entries(ZOD))("%s: answers satisfy both", (format, pattern) => {
    const grammar = grammarOf({ type: "string", format, pattern });
    const valid = ajv.compile({ type: "string", format });
    for (let seed = 0; seed < 12; seed++) {
      const text = drawText(grammar, chooser(seed), 1000);
      if (text === undefined) continue;
      const value = JSON.parse(text) as string;
      expect(new RegExp(pattern, "u").test(value), text).toBe(true);
      if (format !== "time") expect(valid(value), text).toBe(true);
    }
  });

  test("the pattern applies if it has no text in common with the format", () => {
    const grammar = grammarOf({ format: "time", pattern: ZOD.time });
    expect(accepts(grammar, '"14:30:00"')).toBe(true);
    expect(accepts(grammar, '"14:30:00Z"')).toBe(false);
  });

  test("a custom domain", () => {
    const grammar = grammarOf({ format: "email", pattern: "^.+@example\\.com$", maxLength: 30 });
    expect(accepts(grammar, '"a.b@example.com"')).toBe(true);
    expect(accepts(grammar, '"a..b@example.com"')).toBe(false);
    expect(accepts(grammar, '"a@example.org"')).toBe(false);
  });
});
