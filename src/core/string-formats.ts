/**
 * Values of JSON Schema's `format` that a grammar holds texts to. Stands here because both the
 * grammars and the protocols, which report all other formats, need the list.
 */
export const STRING_FORMATS = [
  "date",
  "time",
  "date-time",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "uuid",
  "uri",
] as const;

export type StringFormat = (typeof STRING_FORMATS)[number];

export function isStringFormat(name: unknown): name is StringFormat {
  return STRING_FORMATS.some((known) => known === name);
}
