import type { Context } from "hono";
import type { z } from "zod";
import type { Env } from "../context.ts";

/** Whose shape errors have. */
export type ErrorShape = "openai" | "anthropic" | "gateway";

/** One thing that this server answers to, and all that its description is made from. */
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
  /** What may stand after the path, an object. */
  readonly query?: z.ZodType;
  /** Headers that it reads. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Asks for no key. */
  readonly open?: true;
  /** Generates: counts against limits, and may be sent again with an Idempotency-Key. */
  readonly generates?: true;
  /** Default: openai. */
  readonly errors?: ErrorShape;
  /** Default: application/json. */
  readonly type?: string;
}
