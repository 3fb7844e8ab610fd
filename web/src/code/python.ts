import { type Language, literal } from "./literal.ts";
import { type CodeRequest, fileOf, KEY_VARIABLE, OPENAI_PARAMETERS } from "./snippet.ts";

const PYTHON: Language = {
  nothing: "None",
  yes: "True",
  no: "False",
  indent: "    ",
  field: (name) => JSON.stringify(name),
  replace: (text) => {
    const file = fileOf(text);
    return file && `data_url(${JSON.stringify(file.file)}, "${file.type}")`;
  },
};

/** Writes the request for OpenAI's official Python package. */
export function toPython({ baseUrl, body, needsKey }: CodeRequest): string {
  const entries = Object.entries(body).filter(([, value]) => value !== undefined);
  const own = entries.filter(([name]) => OPENAI_PARAMETERS.includes(name));
  const extra = Object.fromEntries(entries.filter(([name]) => !OPENAI_PARAMETERS.includes(name)));
  const args = own.map(([name, value]) => `    ${name}=${literal(value, PYTHON, 1)},`);
  if (Object.keys(extra).length > 0) args.push(`    extra_body=${literal(extra, PYTHON, 1)},`);
  const files = JSON.stringify(body).includes('"vireo-file:');
  const key = needsKey ? `os.environ["${KEY_VARIABLE}"]` : '"none"';
  return [
    ...(files ? ["import base64"] : []),
    ...(needsKey ? ["import os"] : []),
    ...(files || needsKey ? [""] : []),
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${baseUrl}", api_key=${key})`,
    "",
    ...(files ? DATA_URL : []),
    "stream = client.chat.completions.create(",
    ...args,
    ")",
    "for chunk in stream:",
    "    for choice in chunk.choices:",
    '        print(choice.delta.content or "", end="", flush=True)',
  ].join("\n");
}

const DATA_URL = [
  "",
  "def data_url(path, media_type):",
  '    with open(path, "rb") as file:',
  "        data = base64.b64encode(file.read()).decode()",
  '    return f"data:{media_type};base64,{data}"',
  "",
  "",
];
