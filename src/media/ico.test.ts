import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { inspectImage } from "./source.ts";

const HEIGHT_AT = 22 + 8;

test("the stored height of an icon counts its picture and its mask, so it is even", async () => {
  const icon = await readFile("tests/fuzz/seeds/pictures/icon.ico");
  expect(inspectImage(icon)).toMatchObject({ type: "ico", width: 2, height: 2 });
  icon.writeInt32LE(5, HEIGHT_AT);
  expect(() => inspectImage(icon)).toThrow("damaged");
});
