import { parsePrice } from "../core/prices.ts";
import type { Environment, Mistake } from "./problems.ts";
import { type Configuration, endpointsOf, type ModelConfig, SECRET } from "./schema.ts";

/** Finds what a schema cannot: unknown references, names that clash, variables that are unset. */
export function findContradictions(
  config: Configuration,
  environment: Environment,
): readonly Mistake[] {
  return [
    ...findUnset(config, environment),
    ...findVariablesElsewhere(config),
    ...Object.entries(config.models).flatMap(([id, model]) => findInModel(id, model, config)),
    ...findClashes(config),
    ...findSecondEngine(config),
    ...(Object.keys(config.models).length === 0 ? [{ path: ["models"], message: "is empty" }] : []),
  ];
}

/** Secrets whose variable is not set. */
function findUnset({ providers }: Configuration, environment: Environment): readonly Mistake[] {
  return Object.entries(providers).flatMap(([name, provider]) => {
    if (provider.kind !== "openai-compatible") return [];
    const secrets: readonly (readonly [readonly string[], string | undefined])[] = [
      [["key"], provider.key],
      ...Object.entries(provider.headers ?? {}).map(
        ([header, value]) => [["headers", header], value] as const,
      ),
    ];
    return secrets.flatMap(([field, value]) => {
      const variable = SECRET.exec(value ?? "")?.[1];
      if (variable === undefined || environment[variable]) return [];
      const message = `names the variable ${variable}, which is not set`;
      return [{ path: ["providers", name, ...field], message }];
    });
  });
}

/** Variables outside of secrets: they would be taken for plain text. */
function findVariablesElsewhere(config: Configuration): readonly Mistake[] {
  const isSecret = (path: readonly PropertyKey[]) =>
    path[0] === "providers" && (path[2] === "key" || path[2] === "headers");
  const find = (value: unknown, path: readonly PropertyKey[]): readonly Mistake[] => {
    if (typeof value === "string") {
      if (!/\$\{/.test(value) || isSecret(path)) return [];
      return [{ path, message: `may not hold \${NAME}: only key and headers are read that way` }];
    }
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => {
      return find(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    });
  };
  return find(config, []);
}

function findInModel(id: string, model: ModelConfig, config: Configuration): readonly Mistake[] {
  return endpointsOf(model).flatMap(({ provider, prices = {} }, index): readonly Mistake[] => {
    const path = ["models", id, "providers", index];
    if (!Object.hasOwn(config.providers, provider)) {
      const known = Object.keys(config.providers).join(", ") || "none";
      const message = `names the provider ${provider}, which is not defined (${known})`;
      const isName = typeof model.providers[index] === "string";
      return [{ path: isName ? path : [...path, "provider"], message }];
    }
    const wrong = Object.entries(prices).filter(([, price]) => !isPrice(price));
    return wrong.map(([part, price]) => {
      const shown = JSON.stringify(price);
      const message = `is ${shown}; write US dollars per token, as "0.0000002"`;
      return { path: [...path, "prices", part], message };
    });
  });
}

function isPrice(text: string): boolean {
  try {
    parsePrice(text, "price");
    return true;
  } catch {
    return false;
  }
}

/** A name may mean one model only. */
function findClashes({ models }: Configuration): readonly Mistake[] {
  const owners = new Map(Object.keys(models).map((id) => [id, id]));
  return Object.entries(models).flatMap(([id, { aliases = [] }]) =>
    aliases.flatMap((alias, index) => {
      const owner = owners.get(alias);
      owners.set(alias, id);
      if (owner === undefined || owner === id) return [];
      return [{ path: ["models", id, "aliases", index], message: `is a name of ${owner} already` }];
    }),
  );
}

/** This process has one engine. */
function findSecondEngine({ providers }: Configuration): readonly Mistake[] {
  const [, second] = Object.entries(providers).filter(([, { kind }]) => kind === "local");
  if (second === undefined) return [];
  const message = "is a second engine in this process; there may be one";
  return [{ path: ["providers", second[0]], message }];
}
