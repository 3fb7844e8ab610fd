import { expect, test } from "vitest";
import { VireoError } from "../core/errors.ts";
import { openDocument } from "./document.ts";

const HERE = new URL("./office.test.ts", import.meta.url).href;

/** The text of the file with LibreOffice, or the error without it. */
async function textOf(file: Uint8Array): Promise<string> {
  try {
    const document = await openDocument(file, {});
    const { text } = await document.text(document.pages[0]!);
    await document.close();
    return text;
  } catch (error) {
    if (!(error instanceof VireoError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

const NO_OFFICE = "unsupported_media_type: .*only where LibreOffice is installed.*convert-to pdf";

test("an office document is converted, or the error says how to enable conversion", async () => {
  const found = await textOf(Buffer.from("{\\rtf1 Dear M\\'fcller}"));
  expect(found).toMatch(new RegExp(`^(Dear Müller|${NO_OFFICE})`));
}, 120_000);

test("files and URLs that a document refers to are not fetched", async () => {
  const field = (code: string) => `{\\field{\\*\\fldinst ${code}}}`;
  const text = field(`INCLUDETEXT "${HERE}"`);
  const picture = field('INCLUDEPICTURE "http://127.0.0.1:9/x.png" \\\\d');
  const found = await textOf(Buffer.from(`{\\rtf1 before ${text}${picture}after}`));
  expect(found).toMatch(new RegExp(`^(before after|${NO_OFFICE})`));
}, 120_000);

test("a damaged one is refused", async () => {
  const head = Buffer.alloc(30);
  head.write("PK\x03\x04");
  head.writeUInt16LE("word/document.xml".length, 26);
  const found = await textOf(Buffer.concat([head, Buffer.from("word/document.xml")]));
  expect(found).toMatch(new RegExp(`^(media_undecodable: .*DOCX.*damaged|${NO_OFFICE})`));
}, 120_000);
