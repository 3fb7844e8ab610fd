// All targets by name.

const GROUPS = ["pictures", "files", "documents", "protocols", "grammars", "texts", "upstreams"];

async function allTargets() {
  const modules = await Promise.all(GROUPS.map((group) => import(`./targets/${group}.mjs`)));
  return Object.assign({}, ...modules.map(({ targets }) => targets));
}

export async function targetNames() {
  return Object.keys(await allTargets());
}

/**
 * A target: `form` of its inputs (bytes, text or json), `seeds()`, `run(input)`, `covers` (parts of
 * the paths whose code guides the search), and words of the format: `dictionary`, or `keys` and
 * `values` of JSON. Throws for a name that there is not.
 */
export async function findTarget(name) {
  const targets = await allTargets();
  if (Object.hasOwn(targets, name)) return targets[name];
  throw new Error(`there is no target "${name}"; npm run fuzz -- list prints the targets`);
}
