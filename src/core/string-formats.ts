/**
 * Values of JSON Schema's `format` that grammars enforce. The list is here because the grammars use
 * it and the protocols report all other formats.
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
