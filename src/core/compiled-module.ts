/**
 * The URL of a compiled module of this package. Threads and child processes run compiled
 * JavaScript, even where tests run the sources.
 *
 * from: `import.meta.url` of a module of the package; path: the module's path from src/, without
 * its extension.
 */
export function compiledModule(from: string, path: string): URL {
  const folder = from.endsWith(".ts") ? "/src/" : "/dist/";
  const root = from.slice(0, from.lastIndexOf(folder));
  return new URL(`${root}/dist/${path}.js`);
}
