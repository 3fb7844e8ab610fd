import type { Context } from "hono";
import type { z } from "zod";
import type { Env } from "../context.ts";

/** The protocol whose error format a route uses. */
export type ErrorShape = "openai" | "anthropic" | "gateway";

/** A route with the data of its OpenAPI description. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** The path, with parameters as :id or :id{.+}. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly handler: (c: Context<Env>) => Response | Promise<Response>;
  readonly body?: z.ZodType;
  /** The body is multipart/form-data with these fields. */
  readonly form?: z.ZodType;
  readonly answer?: z.ZodType;
  /** Query parameters, as an object. */
  readonly query?: z.ZodType;
  /** Headers that the route reads. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The route needs no key. */
  readonly open?: true;
  /** Whether it needs an operator's key, if keys are needed. */
  readonly operator?: true;
  /** The route generates tokens: limits apply, and an Idempotency-Key makes retries safe. */
  readonly generates?: true;
  /** Default: openai. */
  readonly errors?: ErrorShape;
  /** Default: application/json. */
  readonly type?: string;
}
