import { type CodeRequest, fileOf, KEY_VARIABLE } from "./snippet.ts";

/**
 * Writes the request as a command for a POSIX shell. The body is read from standard input, because
 * files do not fit into an argument.
 */
export function toCurl({ baseUrl, body, needsKey }: CodeRequest): string {
  const json = JSON.stringify(body, null, 2);
  const files = [...json.matchAll(/"(vireo-file:[^"]*)"/g)];
  const key = needsKey ? [`  -H "authorization: Bearer $${KEY_VARIABLE}" \\`] : [];
  const head = [
    `curl -NsS ${baseUrl}/chat/completions \\`,
    "  -H 'content-type: application/json' \\",
    ...key,
  ];
  // Without files there is nothing for the shell to expand, so the text is quoted as it is.
  if (files.length === 0) return [...head, "  --data-binary @- <<'END'", json, "END"].join("\n");
  const escaped = json.replace(/[\\$`]/g, "\\$&");
  const filled = escaped.replace(/(?<=": ")vireo-file:[^"]*(?=")/g, (url) => {
    const place = fileOf(url);
    if (place === undefined) return url;
    return `data:${place.type};base64,$(base64 < ${shellQuoted(place.file)} | tr -d '\\n')`;
  });
  return [...head, "  --data-binary @- <<END", filled, "END"].join("\n");
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
