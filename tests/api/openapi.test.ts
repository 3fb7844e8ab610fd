// The OpenAPI description, and whether the server conforms to it for any input.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { FileStore } from "../../src/files/store.ts";
import { createApp } from "../../src/server/app.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const upstream = createFakeUpstream();
const folder = await mkdtemp(join(tmpdir(), "vireo-openapi-"));
const quotas = { quotaBytes: 1e9, tenantQuotaBytes: 1e9, ttlSeconds: 3600 };
const files = await FileStore.open({ folder, ...quotas });
const app = createApp({ upstream, files, log: silentLog });
afterAll(async () => {
  await files.close();
  await rm(folder, { recursive: true });
});

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly maxLength?: number;
}
interface Operation {
  readonly requestBody?: { readonly content: { "application/json"?: { schema: Schema } } };
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { schema: Schema }>> }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const document = (await (await app.request("/openapi.json")).json()) as Document;
/** Routes that take JSON and need no existing id. */
const posts = Object.entries(document.paths).flatMap(([path, { post }]) => {
  const isAsked = post?.requestBody?.content["application/json"] && !path.includes("{");
  return isAsked ? [[path, post] as const] : [];
});

test("query parameters are described", () => {
  const { parameters } = document.paths["/v1/files"]?.get as { parameters?: { name: string }[] };
  expect(parameters?.map(({ name }) => name)).toEqual(["purpose", "limit", "after", "order"]);
});

/** Bodies that a schema allows, and, one value in twenty, something else. */
function bodies(schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const usual = allowed(schema, depth);
  return fc.oneof({ weight: 19, arbitrary: usual }, { weight: 1, arbitrary: junk });
}

const junk = fc.oneof(
  fc.constantFrom(null, -1, 1e308, 0.5, "", "\ud800", "\0", [], {}, true, "<image>", "</think>"),
  fc.jsonValue({ maxDepth: 3 }),
);

function allowed(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map((one) => bodies(one, depth)));
  if (typeof schema.type === "object") {
    return fc.oneof(...schema.type.map((type) => bodies({ ...schema, type }, depth)));
  }
  if ("const" in schema) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer":
    case "number": {
      const min = Math.max(schema.minimum ?? -9, -1000);
      const max = Math.max(min, Math.min(schema.maximum ?? 9, min + 9));
      const whole = fc.integer({ min: Math.ceil(min), max: Math.ceil(max) });
      return schema.type === "integer" ? whole : fc.oneof(whole, fc.double({ min, max }));
    }
    case "string":
      return schema.pattern === undefined
        ? fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom(MODEL, "use tools", "full"))
        : fc.constantFrom("name", "get_weather", "a".repeat(65));
    case "array":
      return fc.array(bodies(schema.items ?? {}, depth + 1), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, 3),
      });
    case "object":
      return objects(schema, depth);
    default:
      return junk;
  }
}

function objects(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = schema;
  // input may be omitted only if an earlier response is continued.
  const isUsual = (name: string) => required.includes(name) || name === "input";
  const fields = Object.entries(properties).map(([name, field]) => {
    if (name === "model") return [name, fc.constantFrom(MODEL, MODEL, MODEL, "other")] as const;
    const value = bodies(field, depth + 1);
    if (isUsual(name)) return [name, value] as const;
    return [name, fc.option(value, { nil: undefined, freq: 1 })] as const;
  });
  // most optional fields are left out, as in real requests
  return fc
    .tuple(fc.record(Object.fromEntries(fields)), fc.infiniteStream(fc.integer({ min: 0, max: 5 })))
    .map(([record, dice]) =>
      Object.fromEntries(
        Object.entries(record as Record<string, unknown>).filter(([name, value]) => {
          const isWanted = isUsual(name) || dice.next().value === 0;
          return isWanted && value !== undefined;
        }),
      ),
    );
}

/** Only as much of JSON Schema as descriptions of answers use. */
function fits(value: unknown, schema: Schema): boolean {
  const { $ref, anyOf, type, properties = {}, required = [] } = schema;
  if ($ref !== undefined) {
    return fits(value, document.components.schemas[$ref.split("/").at(-1) ?? ""] ?? {});
  }
  if (anyOf !== undefined) return anyOf.some((one) => fits(value, one));
  if ("const" in schema) return value === schema.const;
  if (typeof type === "object") return type.some((one) => fits(value, { ...schema, type: one }));
  if (type === "null") return value === null;
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") {
    return Array.isArray(value) && value.every((entry) => fits(entry, schema.items ?? {}));
  }
  if (type !== "object") return type === undefined || typeof value === type;
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Record<string, unknown>;
  return (
    required.every((name) => name in fields) &&
    Object.entries(properties).every(([name, field]) =>
      name in fields ? fits(fields[name], field) : true,
    )
  );
}

describe("the description", () => {
  test("describes every route with its inputs", () => {
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(["/v1/chat/completions", "/v1/messages", "/v1/models/{id}"]),
    );
    const { schema } =
      document.paths["/v1/chat/completions"]!.post!.requestBody!.content["application/json"]!;
    expect(schema.required).toEqual(["model", "messages"]);
    expect(schema.properties?.temperature).toMatchObject({ anyOf: [{ maximum: 2 }, {}] });
    expect(JSON.stringify(document)).not.toContain('"additionalProperties":false');
  });

  test("needs no key, and neither does its page, which runs no script from elsewhere", async () => {
    const locked = createApp({ upstream, apiKey: "sk-1", log: silentLog });
    for (const path of ["/openapi.json", "/docs", "/docs/start.js", "/docs/swagger-ui.css"]) {
      expect((await locked.request(path)).status).toBe(200);
    }
    const page = await locked.request("/docs");
    const policy = page.headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    const html = await page.text();
    expect(html).not.toMatch(/<script>|https?:\/\/|onload/);
    const bundle = await locked.request("/docs/swagger-ui-bundle.js");
    expect((await bundle.arrayBuffer()).byteLength).toBeGreaterThan(100_000);
    expect((await locked.request("/docs/../package.json")).status).toBe(401);
    expect((await locked.request("/tokenize", { method: "POST" })).status).toBe(401);
  });

  test("answers to GET match the description", async () => {
    for (const [path, { get }] of Object.entries(document.paths)) {
      if (get === undefined) continue;
      const response = await app.request(path.replace("{id}", MODEL));
      const described = get.responses[response.status]?.content ?? {};
      const [[type, { schema }] = ["", { schema: {} }]] = Object.entries(described);
      expect(response.headers.get("content-type"), path).toContain(type);
      if (type === "application/json") expect(fits(await response.json(), schema), path).toBe(true);
    }
  });
});

describe("the answer to any input is one that is described", () => {
  test.each(posts)("%s", async (path, operation) => {
    const schema = operation.requestBody?.content["application/json"]?.schema ?? {};
    const headers = { "content-type": "application/json", "ai-language-model-id": MODEL };
    const seen = new Map<number, number>();
    const property = fc.asyncProperty(bodies(schema), async (body) => {
      const init = { method: "POST", headers, body: JSON.stringify(body) };
      const response = await app.request(path, init);
      seen.set(response.status, (seen.get(response.status) ?? 0) + 1);
      expect(response.status).toBeLessThan(500);
      const described = operation.responses[response.status]?.content;
      expect(described, String(response.status)).toBeDefined();
      const type = response.headers.get("content-type")?.split(";")[0] ?? "";
      expect(Object.keys(described ?? {})).toContain(type);
      const text = await response.text();
      if (type !== "application/json") return;
      const answer: unknown = JSON.parse(text);
      expect(fits(answer, described?.[type]?.schema ?? {}), text).toBe(true);
    });
    await fc.assert(property, { seed: 20, numRuns: 400 });
    // Random data never forms a document.
    if (path !== "/v1/extract") expect(seen.get(200) ?? 0).toBeGreaterThan(0);
    expect(seen.get(400) ?? 0).toBeGreaterThan(0);
  });
});
