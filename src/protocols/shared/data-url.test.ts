import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VireoError } from "../../core/errors.ts";
import { decodeDataUrl } from "./data-url.ts";

const BYTES = Buffer.from([0xfb, 0xef, 0xff, 1, 2, 3, 4]);
const BASE64 = BYTES.toString("base64"); // ++//AQIDBA==

const decode = (url: string) => decodeDataUrl(url, "document", "p").files[0];
function refusal(url: string): VireoError {
  try {
    decode(url);
  } catch (error) {
    if (error instanceof VireoError) return error;
    throw error;
  }
  throw new Error("not refused");
}

// Node's own fetch is the reference.
const fetched = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer());

describe("data: URLs are decoded as in browsers", () => {
  test.each([
    ["plain", `data:application/pdf;base64,${BASE64}`],
    ["no type", `data:;base64,${BASE64}`],
    ["capitals", `DATA:APPLICATION/PDF;BASE64,${BASE64}`],
    ["a parameter", `data:application/pdf;name=a%20b.pdf;charset=x;base64,${BASE64}`],
    ["blanks before base64", `data:application/pdf; base64,${BASE64}`],
    ["blanks around the URL", ` data:application/pdf;base64,${BASE64} `],
    ["line breaks", `data:application/pdf;base64,${BASE64.slice(0, 4)}\r\n${BASE64.slice(4)}\n`],
    ["blanks and tabs", `data:application/pdf;base64,${BASE64.split("").join(" \t")}`],
    ["no padding", `data:application/pdf;base64,${BASE64.replace(/=+$/, "")}`],
    ["percent-encoded", `data:application/pdf;base64,${encodeURIComponent(BASE64)}`],
    [
      "encoded line breaks",
      `data:application/pdf;base64,${BASE64.slice(0, 4)}%0A${BASE64.slice(4)}`,
    ],
    ["a fragment", `data:application/pdf;base64,${BASE64}#page=2`],
  ])("%s", async (_name, url) => {
    expect(decode(url)).toEqual(BYTES);
    expect(await fetched(url)).toEqual(BYTES);
  });

  test("data without base64 is percent-decoded", async () => {
    const url = "data:application/json,{%22total%22:%2012.5,%20%22city%22:%20%22K%C3%B6ln%22}";
    expect(decode(url)?.toString()).toBe('{"total": 12.5, "city": "Köln"}');
    expect(decode(url)).toEqual(await fetched(url));
    expect(decode("data:application/json,100%")?.toString()).toBe("100%");
  });

  test("decodes any bytes from mutated base64", () => {
    const spaced = fc.array(fc.constantFrom("", "", "", " ", "\n", "\r\n", "\t"), { minLength: 9 });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), spaced, (bytes, blanks) => {
        const letters = Buffer.from(bytes).toString("base64").split("");
        const text = letters.map((letter, at) => letter + blanks[at % blanks.length]).join("");
        expect(decode(`data:application/pdf;base64,${text}`)).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 300, seed: 4 },
    );
  });

  test.each([
    ["one letter too many", "data:application/pdf;base64,AAAAA"],
    ["URL-safe letters", "data:application/pdf;base64,-_8="],
    ["other letters", "data:application/pdf;base64,AA*A"],
    ["padding in the middle", "data:application/pdf;base64,AA==AAAA"],
    ["too much padding", "data:application/pdf;base64,A==="],
    ["a broken escape", "data:application/pdf;base64,AA%zz"],
    ["nothing", "data:application/pdf;base64,"],
    ["only blanks", "data:application/pdf;base64, \n "],
    ["no comma", "data:application/pdf;base64"],
  ])("%s is refused", (_name, url) => {
    expect(refusal(url)).toMatchObject({ code: "invalid_media", param: "p" });
  });

  test("a file that is too large is refused before decoding", () => {
    const error = refusal(`data:application/pdf;base64,${"A".repeat(95 * 2 ** 20)}`);
    expect(error).toMatchObject({ code: "media_too_large" });
  });
});

test("a list of frames may have line breaks and no padding", () => {
  const url = "data:video/jpeg;base64,YWJj,\nYWI";
  const { files, areFrames } = decodeDataUrl(url, "video", "p");
  expect([files.map(String), areFrames]).toEqual([["abc", "ab"], true]);
});
