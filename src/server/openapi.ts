import { z } from "zod";
import { ERROR_STATUS } from "../protocols/shared/errors.ts";
import type { ErrorShape, Route } from "./routes/route.ts";

type Json = Readonly<Record<string, unknown>>;

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: Json): Json => ({ "application/json": { schema } });

const ERROR_SCHEMAS: Readonly<Record<ErrorShape, z.ZodType>> = {
  openai: z.object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string(),
      request_id: z.string().optional(),
      metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
    }),
  }),
  anthropic: z.object({
    type: z.literal("error"),
    error: z.object({ type: z.string(), message: z.string() }),
    request_id: z.string(),
  }),
  gateway: z.object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string(),
    }),
    generationId: z.string(),
  }),
};
const ERROR_NAMES = { openai: "Error", anthropic: "MessagesError", gateway: "GatewayError" };

/** The error statuses of all routes. */
const STATUSES = [...new Set(Object.values(ERROR_STATUS).map(({ status }) => status))].sort();

/** Generates the OpenAPI 3.1 description of the API from the table of routes. */
export function toOpenApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: toOperation(route) };
  }
  const errors = Object.entries(ERROR_SCHEMAS).map(([shape, schema]) => [
    ERROR_NAMES[shape as ErrorShape],
    toSchema(schema),
  ]);
  return {
    openapi: "3.1.0",
    info: {
      title: "vireo",
      version,
      description:
        "A vision-language model in the protocols of OpenAI, Anthropic and others; " +
        "GET /v1/models lists the model that answers",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }, { header: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(errors),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        header: { type: "apiKey", in: "header", name: "x-api-key" },
      },
    },
  };
}

function toOperation(route: Route): Json {
  const parameters = [
    ...[...route.path.matchAll(/:(\w+)/g)].map(([, name]) => {
      return { name, in: "path", required: true, schema: { type: "string" } };
    }),
    ...queryOf(route),
    ...Object.entries(route.headers ?? {}).map(([name, description]) => {
      return { name, in: "header", description, schema: { type: "string" } };
    }),
    ...(route.generates ? [IDEMPOTENCY] : []),
  ];
  return {
    operationId: toOperationId(route),
    summary: route.summary,
    tags: [route.tag],
    ...(route.open ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...toRequestBody(route),
    responses: toResponses(route),
  };
}

function queryOf({ query }: Route): Json[] {
  if (query === undefined) return [];
  const { properties = {} } = toSchema(query) as { readonly properties?: Json };
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", schema }));
}

function toRequestBody({ body, form }: Route): Json {
  const content = body
    ? json(toSchema(body))
    : form && { "multipart/form-data": { schema: toSchema(form) } };
  return content ? { requestBody: { required: true, content } } : {};
}

/** Returns an operation id such as post_v1_messages. */
function toOperationId({ method, path }: Route): string {
  return `${method.toLowerCase()}${path.replace(/\W+/g, "_").replace(/_$/, "")}`;
}

const IDEMPOTENCY: Json = {
  name: "Idempotency-Key",
  in: "header",
  description: "A repeated request with the same key gets the stored answer",
  schema: { type: "string", maxLength: 255 },
};

/** Response headers of routes that generate. */
const GENERATION_HEADERS: Json = Object.freeze({
  "x-ignored-params": {
    description: "Names of fields that had no effect, with commas between them",
    schema: { type: "string" },
  },
  "x-warnings": {
    description:
      "Warnings about the request: reasoning_with_video (the model was published without support " +
      "for it)",
    schema: { type: "string" },
  },
});

function toResponses(route: Route): Json {
  const answer = route.answer ? toSchema(route.answer) : { type: "object" };
  const content = route.type ? { [route.type]: { schema: { type: "string" } } } : json(answer);
  const stream = { "text/event-stream": { schema: { type: "string" } } };
  const error = { description: "Refused or failed", content: json(errorOf(route)) };
  const statuses = route.open ? [503] : STATUSES;
  return {
    200: {
      description: "Success",
      content: route.generates ? { ...content, ...stream } : content,
      ...(route.generates ? { headers: GENERATION_HEADERS } : {}),
    },
    ...Object.fromEntries(statuses.map((status) => [status, error])),
  };
}

function errorOf(route: Route): Json {
  if (route.open && route.answer) return toSchema(route.answer);
  return ref(ERROR_NAMES[route.errors ?? "openai"]);
}

/** Converts a schema. Rules that JSON Schema cannot express are omitted; unknown fields pass. */
function toSchema(schema: z.ZodType): Json {
  const { $schema: _, ...made } = z.toJSONSchema(schema, {
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return made;
}
