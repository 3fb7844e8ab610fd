// Templates render, and fail, as with Python's jinja2. scripts/jinja-cases.py wrote the cases.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { TemplateError } from "../../src/text/jinja/errors.ts";
import { compileTemplate } from "../../src/text/jinja/jinja.ts";

interface Cases {
  readonly templates: readonly string[];
  readonly variables: readonly Readonly<Record<string, unknown>>[];
  /** The text is null if Python raises. */
  readonly cases: readonly (readonly [template: number, variables: number, text: string | null])[];
}

const packed = readFileSync(new URL("cases.json.gz", import.meta.url));
const { templates, variables, cases } = JSON.parse(gunzipSync(packed).toString()) as Cases;

function render(template: string, values: Readonly<Record<string, unknown>>): string | null {
  try {
    return compileTemplate(template).render(values);
  } catch (error) {
    if (error instanceof TemplateError) return null;
    throw error;
  }
}

test("at least 3,000 pairs of template and conversation give Python's text", () => {
  const different = cases.flatMap(([template, values, text]) => {
    const rendered = render(templates[template]!, variables[values]!);
    return rendered === text ? [] : [{ template: templates[template], text, rendered }];
  });
  expect(different).toEqual([]);
  expect(cases.length).toBeGreaterThan(3000);
  expect(cases.filter(([, , text]) => text !== null).length).toBeGreaterThan(2000);
});
