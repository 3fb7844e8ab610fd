import { LIMITS } from "../core/limits.ts";

/** Texts of a provider that clients must not see, and their replacements. */
const HIDDEN: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/\bBearer\s+\S+/gi, "[key]"],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, "[key]"],
  [/\b(?:sk|pk|rk|hf|gsk|xai|nvapi|vck|api|key)[-_][\w*.-]{6,}/gi, "[key]"],
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, "[address]"],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, "[address]"],
  [/\[[0-9a-f:]*:[0-9a-f:]+\](?::\d+)?/gi, "[address]"],
  [/\b0x[0-9a-f]{5,}\b/gi, "[address]"],
  [/\b[a-z]:\\[^\s"'<>]+/gi, "[path]"],
  [/(?<![\w.#])(?:\/[\w.@+-]+){2,}\/?/g, "[path]"],
  [/[A-Za-z0-9+/_-]{64,}={0,2}/g, "[data]"],
];

/**
 * Makes a provider's error text fit for clients: one line, without keys, addresses, paths and long
 * data, of at most LIMITS.upstream.errorCharacters characters.
 *
 * secrets: texts to remove wherever they appear, such as the key of the request.
 */
export function cleanText(text: string, secrets: readonly string[] = []): string {
  // a hostile text costs no more than a few times the limit
  let clean = text.slice(0, 16 * LIMITS.upstream.errorCharacters);
  for (const secret of secrets) {
    if (secret !== "") clean = clean.replaceAll(secret, "[key]");
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  clean = clean.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\s]+/g, " ").trim();
  for (const [pattern, replacement] of HIDDEN) clean = clean.replace(pattern, replacement);
  const { errorCharacters: limit } = LIMITS.upstream;
  if (clean.length <= limit) return clean;
  const cut = clean.slice(0, limit - 1);
  return `${cut.replace(/[\ud800-\udbff]$/, "")}…`;
}
