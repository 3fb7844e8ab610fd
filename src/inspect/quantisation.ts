import { defined } from "../core/defined.ts";
import type { LinearPlan } from "../model/find-tensors.ts";
import { linearsOf } from "../model/inspect.ts";
import type { CheckpointPlan } from "../model/names.ts";
import { isJsonObject, type JsonObject } from "../weights/json.ts";

export interface QuantisationReport {
  /** Algorithm in hf_quant_config.json or config.json, in lower case; absent if not stated. */
  readonly stated?: string;
  readonly excluded: readonly string[];
  /** Matrices by the format in which they are stored. */
  readonly stored: Readonly<Partial<Record<LinearPlan["format"], number>>>;
  /** Matrices whose stored format differs from the stated one. The stored format is used. */
  readonly disagreements: readonly {
    readonly name: string;
    readonly stored: string;
    readonly stated: string;
  }[];
}

/** Compares the stored format of each matrix with the stated one. */
export function inspectQuantisation(
  plan: CheckpointPlan,
  config: JsonObject | undefined,
  quantConfig: JsonObject | undefined,
  missing: ReadonlySet<string>,
): QuantisationReport {
  const linears = linearsOf(plan).filter(({ name }) => !missing.has(`${name}.weight`));
  const stored: Partial<Record<LinearPlan["format"], number>> = {};
  for (const { format } of linears) stored[format] = (stored[format] ?? 0) + 1;
  const { stated, excluded } = statedIn(config, quantConfig);
  const isExcluded = matcher(excluded);
  const disagreements = linears.flatMap(({ name, format }) => {
    const expected = stated === undefined || isExcluded(name) ? "bf16" : stated;
    return format === expected ? [] : [{ name, stored: format, stated: expected }];
  });
  return { ...defined({ stated }), excluded, stored, disagreements };
}

function statedIn(
  config: JsonObject | undefined,
  quantConfig: JsonObject | undefined,
): { readonly stated?: string; readonly excluded: readonly string[] } {
  const own = quantConfig?.quantization;
  const mirrored = config?.quantization_config;
  const fields = isJsonObject(own) ? own : isJsonObject(mirrored) ? mirrored : {};
  const algorithm = fields.quant_algo;
  const list = fields.exclude_modules ?? fields.ignore;
  const excluded = Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
  return {
    ...(typeof algorithm === "string" ? { stated: algorithm.toLowerCase() } : {}),
    excluded,
  };
}

/** Patterns as ModelOpt writes them: * is any text; a module stands for all that is in it. */
function matcher(patterns: readonly string[]): (name: string) => boolean {
  return (name) => {
    const words = name.split(".");
    return words.some((_, first) =>
      words.some((_, last) => {
        if (last < first) return false;
        const module = words.slice(first, last + 1).join(".");
        return patterns.some((pattern) => matches(pattern, module));
      }),
    );
  };
}

/** Matches without regular expressions, because the pattern is untrusted. */
function matches(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
