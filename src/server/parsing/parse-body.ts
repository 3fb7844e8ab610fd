import type { Context } from "hono";
import type { Env, RouteOptions } from "../context.ts";
import { bodyOf } from "../middleware/body-limit.ts";
import type { ParseContext, Parsed, ParserName } from "./parsers.ts";

/**
 * Reads and parses the body of a request; large ones are parsed off the event loop.
 *
 * Throws the errors of `bodyOf` and `BodyParser.parse`.
 */
export async function parseBody<N extends ParserName>(
  c: Context<Env>,
  { bodies, upstream }: Pick<RouteOptions, "bodies" | "upstream">,
  parser: N,
  more: Omit<ParseContext, "models"> = {},
): Promise<Parsed<N>> {
  const body = await bodyOf(c);
  c.set("body", undefined); // The parser may transfer it to another thread.
  const context = { ...more, models: upstream.models };
  const turn = { tenant: c.get("tenant") ?? "", signal: c.req.raw.signal };
  return await bodies.parse(parser, body, context, turn);
}
