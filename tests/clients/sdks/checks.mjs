// The checks that all client libraries share. A library provides one function per check. It throws
// if the result is wrong, or returns text that is compared here.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

export const URL = process.env.VIREO_URL;
export const MODEL = process.env.VIREO_MODEL;
export const KEY = "sk-local";

export const QUESTION = "Hello";
export const SECOND = "And now?";
export const TOOL_QUESTION = 'Please use the tool weather with {"city":"Aachen"}';
export const WEATHER = {
  name: "weather",
  description: "Tells the weather of a city",
  schema: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
};
export const TOO_LONG = "fail: too long";

const DOCUMENTS = new globalThis.URL("../../../examples/documents/", import.meta.url);
export const PICTURE = await readFile(new globalThis.URL("invoice-06.png", DOCUMENTS));
export const PDF = await readFile(new globalThis.URL("invoice-01.pdf", DOCUMENTS));
export const PICTURE_URL = `data:image/png;base64,${PICTURE.toString("base64")}`;
export const PDF_URL = `data:application/pdf;base64,${PDF.toString("base64")}`;

export const sky = ({ city }) => `the sky of ${city} is blue`;

/** The text that the last answer of each check must contain. */
const WANTED = {
  answer: /^turn 1, 0 pictures, 0 documents, before: nothing$/,
  "second turn": /^turn 2, .* before: turn 1/,
  stream: /^turn 1, 0 pictures, 0 documents, before: nothing$/,
  tools: /^The tool said .*the sky of Aachen is blue/s,
  picture: /^turn 1, 1 pictures/,
  PDF: /^turn 1, 0 pictures, 1 documents|^turn 1, 1 pictures/,
};

const TIMEOUT_MS = 120_000;

/** Runs the checks of one client in turn and prints one line of JSON for each. */
export async function runChecks(checks, wanted = WANTED, notes = {}) {
  for (const [name, check] of Object.entries(checks)) {
    let failure = "";
    try {
      const text = await withTimeout(check());
      if (wanted[name]) assert.match(String(text), wanted[name]);
      else checkError(text);
    } catch (error) {
      failure = String(error?.message ?? error).slice(0, 600);
    }
    console.log(JSON.stringify({ check: name, failure, note: notes[name] }));
  }
}

/** Runs a function that must fail, and returns its error. */
export async function caught(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("no error was thrown");
}

function checkError(error) {
  const status = error.status ?? error.statusCode ?? error.lastError?.statusCode;
  assert.equal(status, 400, `status ${status}: ${error.message}`);
  assert.match(error.message, /131073 tokens/);
}

function withTimeout(promise) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("no answer within two minutes")), TIMEOUT_MS).unref();
  });
  return Promise.race([promise, late]);
}
