import type { OutputFormat, ToolDefinition } from "../../core/chat.ts";
import { LIMITS } from "../../core/limits.ts";
import { isStringFormat } from "../../core/string-formats.ts";

const MAX_NAMES = 16;
/** Keywords whose value maps names to schemas, so that its keys are not keywords. */
const SCHEMA_MAPS = new Set(["properties", "patternProperties", "$defs", "definitions"]);
/** Keywords whose value is data, not a schema. */
const DATA = new Set(["enum", "const", "default", "examples"]);

/**
 * Lists the values of `format` that the grammar does not enforce, as `format.NAME` for
 * `x-ignored-params`. It reads the schemas of the answer and of strict tools.
 */
export function unenforcedFormats(
  output: OutputFormat | undefined,
  tools: readonly ToolDefinition[] = [],
): string[] {
  const schemas: unknown[] = tools.flatMap((tool) => (tool.strict ? [tool.parameters] : []));
  if (output?.type === "json_schema") schemas.push(parseOrUndefined(output.schema));
  const names = new Set<string>();
  for (const format of formatsIn(schemas)) {
    if (!isStringFormat(format) && /^[\w.-]{1,40}$/.test(format)) names.add(`format.${format}`);
    if (names.size === MAX_NAMES) break;
  }
  return [...names];
}

/** Visits at most LIMITS.schema.nodes values, without recursion. */
function* formatsIn(schemas: readonly unknown[]): Generator<string> {
  const pending = [...schemas];
  for (let visited = 0; pending.length > 0 && visited < LIMITS.schema.nodes; visited++) {
    const schema = pending.pop();
    if (Array.isArray(schema)) pending.push(...schema.slice(0, LIMITS.schema.nodes));
    else if (typeof schema === "object" && schema !== null) {
      const { format } = schema as { readonly format?: unknown };
      if (typeof format === "string") yield format;
      for (const [keyword, value] of Object.entries(schema)) {
        if (DATA.has(keyword) || typeof value !== "object" || value === null) continue;
        pending.push(...(SCHEMA_MAPS.has(keyword) ? Object.values(value) : [value]));
      }
    }
  }
}

function parseOrUndefined(schema: string): unknown {
  try {
    return JSON.parse(schema);
  } catch {
    return undefined; // the upstream reports the error
  }
}
