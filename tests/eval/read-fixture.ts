import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const FOLDER = new URL("./fixtures/", import.meta.url);

/** A fixture that a program of the same folder wrote with Python. */
export function readFixture<T>(name: string): T {
  const packed = readFileSync(new URL(`${name}.json.gz`, FOLDER));
  return JSON.parse(gunzipSync(packed).toString("utf8")) as T;
}
