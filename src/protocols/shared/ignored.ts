const MAX_NAMES = 32;

/**
 * Names of the fields that are not in a body's schema and have no effect. The names go into a
 * header, so only plain ones are listed.
 */
export function unknownFields(body: object, known: object): string[] {
  return Object.keys(body)
    .filter((name) => !Object.hasOwn(known, name) && isPlainName(name))
    .slice(0, MAX_NAMES);
}

function isPlainName(name: string): boolean {
  return /^[\w.-]{1,64}$/.test(name);
}
