import type { StringFormat } from "../core/string-formats.ts";

/**
 * String formats of JSON Schema 2020-12, section 7.3, as regular expressions. Each allows only
 * texts that are valid by the format's RFC, and excludes rare forms on which validators differ.
 * maxLength: maximum number of characters, for formats without a fixed length.
 */
export const FORMATS: Readonly<Record<StringFormat, (maxLength: number) => string>> = {
  date: () => DATE,
  time: () => TIME,
  "date-time": () => `(?:${DATE})T(?:${TIME})`,
  duration: () => DURATION,
  email,
  hostname: (maxLength) => hostname(maxLength),
  ipv4: () => IPV4,
  ipv6: () => IPV6,
  uuid: () => "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
  uri,
};

// RFC 3339 with month lengths and leap years. The year 0000 is excluded: Python does not have it.
const LEAP = "(?:0[48]|[2468][048]|[13579][26])";
const LEAP_YEAR = `(?:\\d\\d${LEAP}|${LEAP}00)`;
const YEAR = "(?:[1-9]\\d{3}|0[1-9]\\d\\d|00[1-9]\\d|000[1-9])";
const DAY_OF_YEAR =
  "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])" +
  "|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)" +
  "|02-(?:0[1-9]|1\\d|2[0-8]))";
const DATE = `${YEAR}-${DAY_OF_YEAR}|${LEAP_YEAR}-02-29`;

// RFC 3339, full-time with time zone, without leap seconds, which few libraries accept.
const CLOCK = "(?:[01]\\d|2[0-3]):[0-5]\\d";
const TIME = `${CLOCK}:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-]${CLOCK})`;

// RFC 3339, appendix A: no unit may be skipped between two that are given.
const COUNT = "\\d{1,8}";
const SECONDS = `${COUNT}S`;
const MINUTES = `${COUNT}M(?:${SECONDS})?`;
const CLOCK_PART = `T(?:${COUNT}H(?:${MINUTES})?|${MINUTES}|${SECONDS})`;
const DAYS = `${COUNT}D`;
const MONTHS = `${COUNT}M(?:${DAYS})?`;
const DURATION =
  `P(?:(?:${COUNT}Y(?:${MONTHS})?|${MONTHS}|${DAYS})(?:${CLOCK_PART})?` +
  `|${CLOCK_PART}|${COUNT}W)`;

// RFC 3986, which writes RFC 4291 as a grammar.
const BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = `${BYTE}(?:\\.${BYTE}){3}`;
const H16 = "[0-9A-Fa-f]{1,4}";
const LS32 = `(?:${H16}:${H16}|${IPV4})`;
const IPV6 = [
  `(?:${H16}:){6}${LS32}`,
  `::(?:${H16}:){5}${LS32}`,
  `(?:${H16})?::(?:${H16}:){4}${LS32}`,
  `(?:(?:${H16}:){0,1}${H16})?::(?:${H16}:){3}${LS32}`,
  `(?:(?:${H16}:){0,2}${H16})?::(?:${H16}:){2}${LS32}`,
  `(?:(?:${H16}:){0,3}${H16})?::${H16}:${LS32}`,
  `(?:(?:${H16}:){0,4}${H16})?::${LS32}`,
  `(?:(?:${H16}:){0,5}${H16})?::${H16}`,
  `(?:(?:${H16}:){0,6}${H16})?::`,
].join("|");

const LETTER_OR_DIGIT = "[A-Za-z0-9]";
const IN_LABEL = "[A-Za-z0-9-]";
const MAX_LABEL = 63;

/**
 * A label of RFC 1123, of 1 to `maxLength` characters. "--" as third and fourth character is
 * excluded: it marks encoded words, which a pattern cannot check.
 */
function label(maxLength: number): string {
  const [end, inner] = [LETTER_OR_DIGIT, IN_LABEL];
  const short = Math.min(maxLength, 4);
  const options = [end];
  if (short >= 2) options.push(`${end}${inner}{0,${short - 2}}${end}`);
  if (maxLength >= 5) {
    options.push(`${end}${inner}(?:${end}${inner}|-${end})${inner}{0,${maxLength - 5}}${end}`);
  }
  return `(?:${options.join("|")})`;
}

/** The last label of a web address, which must not look like a number. */
function lastLabel(maxLength: number): string {
  return `[A-Za-z]${LETTER_OR_DIGIT}{0,${Math.min(maxLength, MAX_LABEL) - 1}}`;
}

/** Labels with dots between, of at most `maxLength` characters together, and at least `min`. */
function labels(maxLength: number, min: 1 | 2, last = label): string {
  const count = Math.max(min, Math.min(4, Math.floor((maxLength + 1) / 16)));
  const each = Math.max(1, Math.min(MAX_LABEL, Math.floor((maxLength + 1) / count) - 1));
  return `(?:${label(each)}\\.){${min - 1},${count - 1}}${last(each)}`;
}

/** A host name of RFC 1123: at most 253 characters, in four long labels or eight shorter ones. */
function hostname(maxLength: number, last = label): string {
  const max = Math.min(maxLength, 253);
  const many = Math.floor((max + 1) / 8) - 1;
  const shorter = many < 1 ? [] : [`(?:${label(Math.min(many, MAX_LABEL))}\\.){1,7}${last(many)}`];
  return `(?:${[labels(max, 1, last), ...shorter].join("|")})`;
}

const IN_WORD = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]";

/**
 * A mailbox of RFC 5321 without quoted words and bracketed addresses: dot-separated words of up to
 * 64 characters, at a domain with a dot; at most 254 characters.
 */
function email(maxLength: number): string {
  const max = Math.min(maxLength, 254);
  const name = Math.max(1, Math.min(64, Math.floor((max - 1) / 2)));
  const half = Math.max(1, Math.floor((name - 1) / 2));
  const local = [
    `${IN_WORD}{1,${name}}`,
    ...(name < 3 ? [] : [`${IN_WORD}{1,${half}}\\.${IN_WORD}{1,${half}}`]),
    ...(name < 5 ? [] : [`${IN_WORD}(?:\\.?${IN_WORD}){1,${half}}`]),
  ];
  return `(?:${local.join("|")})@${labels(max - 1 - name, 2)}`;
}

const ESCAPED = "%[0-9A-Fa-f]{2}";
const IN_PATH = `(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|${ESCAPED})`;
const AFTER_SLASH = `(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|${ESCAPED})`;
const IN_QUERY = `(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|${ESCAPED})`;
const PORT = "(?:6553[0-5]|655[0-2]\\d|65[0-4]\\d\\d|6[0-4]\\d{3}|[1-5]\\d{4}|[1-9]\\d{0,3}|0)";
/** Schemes of two letters and more that cannot be http, https, ws, wss, ftp or file. */
const IN_SCHEME = "[A-Za-z0-9+.-]";
const OTHER_SCHEME =
  `(?:[A-EGI-VX-Za-egi-vx-z]${IN_SCHEME}{1,15}` +
  `|[Hh][A-SU-Za-su-z0-9+.-]${IN_SCHEME}{0,14}` +
  `|[Ww][A-RT-Za-rt-z0-9+.-]${IN_SCHEME}{0,14}` +
  `|[Ff][A-HJ-SU-Za-hj-su-z0-9+.-]${IN_SCHEME}{0,14})`;

/**
 * A URI that is valid by RFC 3986 and by the URL Standard of browsers: web addresses with a valid
 * host, and all other schemes except some that begin with ht, ws, ft or fi.
 */
function uri(maxLength: number): string {
  const host = Math.max(4, Math.min(253, Math.floor(maxLength / 4)));
  const bracketed = maxLength < 128 ? "" : `|\\[(?:${IPV6})\\]`;
  // scheme, host and port, and one mark for each of the rest, whose characters take up to 3
  const before = Math.max(12 + Math.max(host, maxLength < 128 ? 15 : 47), 19 + host);
  const rest = Math.max(0, Math.floor((maxLength - before - 3) / 9));
  const count = Number.isFinite(rest) ? `{0,${rest}}` : "*";
  const path = `(?:/${AFTER_SLASH}${count})?`;
  const tail = `(?:\\?${IN_QUERY}${count})?(?:#${IN_QUERY}${count})?`;
  const authority = `(?:${hostname(host, lastLabel)}|${IPV4}${bracketed})(?::${PORT})?`;
  return (
    `(?:(?:https?|wss?|ftp)://${authority}${path}|file://${path}` +
    `|${OTHER_SCHEME}:(?://[A-Za-z0-9._~-]{0,${host}}${path}|${IN_PATH}${AFTER_SLASH}${count}))` +
    tail
  );
}
