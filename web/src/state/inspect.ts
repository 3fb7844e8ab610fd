import { isRecord } from "../api/failure.ts";

/** A function that the model may call, in the API's form. */
export interface Tool {
  readonly type: "function";
  readonly function: {
    readonly name: string;
    readonly description?: string;
    readonly parameters?: unknown;
    readonly strict?: boolean;
  };
}

export interface NamedSchema {
  readonly name: string;
  readonly schema: unknown;
  readonly strict: boolean;
}

export interface Problem {
  readonly problem: string;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const MAX_TOOLS = 128;

/** Parses the typed tools: one tool or an array, each with or without the `function` wrapper. */
export function inspectTools(text: string): Problem | { readonly tools: readonly Tool[] } {
  if (text.trim() === "") return { tools: [] };
  const parsed = parse(text);
  if ("problem" in parsed) return parsed;
  const entries = Array.isArray(parsed.value) ? parsed.value : [parsed.value];
  if (entries.length > MAX_TOOLS) return { problem: `at most ${MAX_TOOLS} tools are taken` };
  const tools: Tool[] = [];
  for (const [index, entry] of entries.entries()) {
    const inner: unknown = isRecord(entry) && "function" in entry ? entry.function : entry;
    if (!isRecord(inner)) return { problem: `tool ${index + 1} is not an object` };
    const { name, parameters } = inner;
    if (typeof name !== "string" || !NAME.test(name)) {
      return { problem: `tool ${index + 1} needs a "name" of letters, digits, _ and -` };
    }
    if (tools.some((tool) => tool.function.name === name)) {
      return { problem: `two tools are called ${name}` };
    }
    if (parameters !== undefined && !isRecord(parameters)) {
      return { problem: `"parameters" of ${name} must be a JSON schema` };
    }
    tools.push({ type: "function", function: { ...inner, name } });
  }
  return { tools };
}

/** Parses the typed JSON Schema: bare, or in the API's form {"name", "schema", "strict"}. */
export function inspectSchema(text: string): Problem | NamedSchema {
  if (text.trim() === "") return { problem: "enter a schema, or choose another format" };
  const parsed = parse(text);
  if ("problem" in parsed) return parsed;
  const { value } = parsed;
  if (!isRecord(value)) return { problem: "a schema is a JSON object" };
  if (!isRecord(value.schema)) return { name: "answer", schema: value, strict: true };
  const { name, schema, strict } = value;
  if (name !== undefined && (typeof name !== "string" || !NAME.test(name))) {
    return { problem: '"name" must be of letters, digits, _ and -' };
  }
  return { name: name ?? "answer", schema, strict: strict !== false };
}

function parse(text: string): Problem | { readonly value: unknown } {
  try {
    return { value: JSON.parse(text) };
  } catch (thrown) {
    return { problem: thrown instanceof Error ? thrown.message : "not JSON" };
  }
}
