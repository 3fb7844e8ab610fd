import { type Language, literal } from "./literal.ts";
import { type CodeRequest, KEY_VARIABLE, OPENAI_PARAMETERS, pictureOf } from "./snippet.ts";

const PYTHON: Language = {
  nothing: "None",
  yes: "True",
  no: "False",
  indent: "    ",
  field: (name) => JSON.stringify(name),
  replace: (text) => {
    const picture = pictureOf(text);
    return picture && `picture("${picture.file}", "${picture.type}")`;
  },
};

/** The request for the official OpenAI package of Python. */
export function toPython({ baseUrl, body, needsKey }: CodeRequest): string {
  const entries = Object.entries(body).filter(([, value]) => value !== undefined);
  const own = entries.filter(([name]) => OPENAI_PARAMETERS.includes(name));
  const extra = Object.fromEntries(entries.filter(([name]) => !OPENAI_PARAMETERS.includes(name)));
  const args = own.map(([name, value]) => `    ${name}=${literal(value, PYTHON, 1)},`);
  if (Object.keys(extra).length > 0) args.push(`    extra_body=${literal(extra, PYTHON, 1)},`);
  const pictures = JSON.stringify(body).includes('"vireo-picture:');
  const key = needsKey ? `os.environ["${KEY_VARIABLE}"]` : '"none"';
  return [
    ...(pictures ? ["import base64"] : []),
    ...(needsKey ? ["import os"] : []),
    ...(pictures || needsKey ? [""] : []),
    "from openai import OpenAI",
    "",
    `client = OpenAI(base_url="${baseUrl}", api_key=${key})`,
    "",
    ...(pictures ? PICTURE : []),
    "stream = client.chat.completions.create(",
    ...args,
    ")",
    "for chunk in stream:",
    "    for choice in chunk.choices:",
    '        print(choice.delta.content or "", end="", flush=True)',
  ].join("\n");
}

const PICTURE = [
  "",
  "def picture(path, media_type):",
  '    with open(path, "rb") as file:',
  "        data = base64.b64encode(file.read()).decode()",
  '    return f"data:{media_type};base64,{data}"',
  "",
  "",
];
