import { type CodeRequest, KEY_VARIABLE, pictureOf } from "./snippet.ts";

/**
 * The request as a command for a POSIX shell. The body goes in by standard input: pictures do not
 * fit into an argument.
 */
export function toCurl({ baseUrl, body, needsKey }: CodeRequest): string {
  const json = JSON.stringify(body, null, 2);
  const pictures = [...json.matchAll(/"(vireo-picture:[^"]*)"/g)];
  const key = needsKey ? [`  -H "authorization: Bearer $${KEY_VARIABLE}" \\`] : [];
  const head = [
    `curl -NsS ${baseUrl}/chat/completions \\`,
    "  -H 'content-type: application/json' \\",
    ...key,
  ];
  // Without pictures the shell has nothing to fill in and takes the text as it is.
  if (pictures.length === 0) return [...head, "  --data-binary @- <<'END'", json, "END"].join("\n");
  const escaped = json.replace(/[\\$`]/g, "\\$&");
  const filled = escaped.replace(/vireo-picture:[^"]*/g, (url) => {
    const { type, file } = pictureOf(url) ?? { type: "image/png", file: "picture.png" };
    return `data:${type};base64,$(base64 < ${file} | tr -d '\\n')`;
  });
  return [...head, "  --data-binary @- <<END", filled, "END"].join("\n");
}
