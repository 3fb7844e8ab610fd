import { bareOrQuoted, type Language, literal } from "./literal.ts";
import { type CodeRequest, fileOf, KEY_VARIABLE } from "./snippet.ts";

export const JAVASCRIPT: Language = {
  nothing: "null",
  yes: "true",
  no: "false",
  indent: "  ",
  field: bareOrQuoted,
  replace: (text) => {
    const file = fileOf(text);
    return file && `await dataUrl(${JSON.stringify(file.file)}, "${file.type}")`;
  },
};

/** Writes the request for OpenAI's JavaScript package, which forwards unknown parameters. */
export function toJavaScript({ baseUrl, body, needsKey }: CodeRequest): string {
  const files = JSON.stringify(body).includes('"vireo-file:');
  const key = needsKey ? `process.env.${KEY_VARIABLE}` : '"none"';
  return [
    ...(files ? ['import { readFile } from "node:fs/promises";'] : []),
    'import OpenAI from "openai";',
    "",
    `const client = new OpenAI({ baseURL: "${baseUrl}", apiKey: ${key} });`,
    "",
    ...(files ? DATA_URL : []),
    `const stream = await client.chat.completions.create(${literal(body, JAVASCRIPT)});`,
    "for await (const chunk of stream) {",
    '  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");',
    "}",
  ].join("\n");
}

export const DATA_URL = [
  "const dataUrl = async (path, mediaType) => {",
  '  const data = await readFile(path, "base64");',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the snippet's own template.
  "  return `data:${mediaType};base64,${data}`;",
  "};",
  "",
];
