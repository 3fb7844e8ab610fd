import type { OutputFormat, ToolDefinition } from "../../core/chat.ts";
import { LIMITS } from "../../core/limits.ts";
import { isStringFormat } from "../../core/string-formats.ts";

const MAX_NAMES = 16;
/** Keywords whose value names schemas, so that a key there is no keyword. */
const NAMING = new Set(["properties", "patternProperties", "$defs", "definitions"]);
/** Keywords whose value is data. */
const DATA = new Set(["enum", "const", "default", "examples"]);

/**
 * Values of `format` that answers are not held to, in the schema of the answer and of strict tools,
 * as `format.NAME` for `x-ignored-params`.
 */
export function looseFormats(
  output: OutputFormat | undefined,
  tools: readonly ToolDefinition[] = [],
): string[] {
  const schemas: unknown[] = tools.flatMap((tool) => (tool.strict ? [tool.parameters] : []));
  if (output?.type === "json_schema") schemas.push(parsed(output.schema));
  const names = new Set<string>();
  for (const format of formatsIn(schemas)) {
    if (!isStringFormat(format) && /^[\w.-]{1,40}$/.test(format)) names.add(`format.${format}`);
    if (names.size === MAX_NAMES) break;
  }
  return [...names];
}

/** Without recursion, and no further than a schema may be large. */
function* formatsIn(schemas: readonly unknown[]): Generator<string> {
  const waiting = [...schemas];
  for (let seen = 0; waiting.length > 0 && seen < LIMITS.schemaNodes; seen++) {
    const schema = waiting.pop();
    if (Array.isArray(schema)) waiting.push(...schema.slice(0, LIMITS.schemaNodes));
    else if (typeof schema === "object" && schema !== null) {
      const { format } = schema as { readonly format?: unknown };
      if (typeof format === "string") yield format;
      for (const [keyword, value] of Object.entries(schema)) {
        if (DATA.has(keyword) || typeof value !== "object" || value === null) continue;
        waiting.push(...(NAMING.has(keyword) ? Object.values(value) : [value]));
      }
    }
  }
}

function parsed(schema: string): unknown {
  try {
    return JSON.parse(schema);
  } catch {
    return undefined; // whoever answers says what is wrong with it
  }
}
