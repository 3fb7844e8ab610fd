import type { Context } from "hono";
import type { z } from "zod";
import type { Env } from "../context.ts";

/** The protocol whose error format a route uses. */
export type ErrorShape = "openai" | "anthropic" | "gateway";

/** A route, with everything that its OpenAPI description is made from. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** With parameters as :id or :id{.+}. */
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
  /** Headers that it reads. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Needs no key. */
  readonly open?: true;
  /** Generates tokens: limits apply, and an Idempotency-Key makes it safe to retry. */
  readonly generates?: true;
  /** Default: openai. */
  readonly errors?: ErrorShape;
  /** Default: application/json. */
  readonly type?: string;
}
