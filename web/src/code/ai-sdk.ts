import type { MediaPart, TextPart, WireMessage, WireToolCall } from "../api/types.ts";
import type { Tool } from "../state/inspect.ts";
import { DATA_URL, JAVASCRIPT } from "./javascript.ts";
import { literal, Source } from "./literal.ts";
import { type CodeRequest, fileOf, KEY_VARIABLE } from "./snippet.ts";

/** Parameters for which the SDK has its own names. */
const NAMES: Readonly<Record<string, string>> = {
  temperature: "temperature",
  top_p: "topP",
  max_tokens: "maxOutputTokens",
  seed: "seed",
  stop: "stopSequences",
  frequency_penalty: "frequencyPenalty",
  presence_penalty: "presencePenalty",
};
/** Body fields that are not call parameters in the SDK. */
const APART = ["model", "messages", "tools", "tool_choice", "stream", "stream_options"];

/** Writes the request for the AI SDK; parameters unknown to it become provider options. */
export function toAiSdk({ baseUrl, body, needsKey }: CodeRequest): string {
  const tools = (body.tools ?? []) as readonly Tool[];
  const files = JSON.stringify(body).includes('"vireo-file:');
  const ai = ["streamText", ...(tools.length === 0 ? [] : ["jsonSchema", "tool"])].sort();
  const key = needsKey ? `\n  apiKey: process.env.${KEY_VARIABLE},` : "";
  const given = Object.entries(body).filter(([name]) => !APART.includes(name));
  const named = given.flatMap(([name, value]) => {
    const own = NAMES[name];
    return own === undefined ? [] : [[own, value] as const];
  });
  const extra = Object.fromEntries(given.filter(([name]) => NAMES[name] === undefined));
  const system = body.messages.find(({ role }) => role === "system")?.content;
  const call = {
    model: new Source(`vireo(${JSON.stringify(body.model)})`),
    ...(system === undefined ? {} : { system }),
    messages: toModelMessages(body.messages.filter(({ role }) => role !== "system")),
    ...Object.fromEntries(named),
    ...(tools.length === 0 ? {} : { tools: toTools(tools), ...toChoice(body.tool_choice) }),
    ...(Object.keys(extra).length === 0 ? {} : { providerOptions: { vireo: extra } }),
  };
  return [
    ...(files ? ['import { readFile } from "node:fs/promises";'] : []),
    'import { createOpenAICompatible } from "@ai-sdk/openai-compatible";',
    `import { ${ai.join(", ")} } from "ai";`,
    "",
    ...(JSON.stringify(call).includes('"vireo-file:') ? DATA_URL : []),
    "const vireo = createOpenAICompatible({",
    '  name: "vireo",',
    `  baseURL: "${baseUrl}",${key}`,
    "  includeUsage: true,",
    "});",
    "",
    `const { textStream } = streamText(${literal(call, JAVASCRIPT)});`,
    "for await (const text of textStream) process.stdout.write(text);",
  ].join("\n");
}

function toTools(tools: readonly Tool[]): Record<string, Source> {
  const entries = tools.map(({ function: { name, description, parameters } }) => {
    const schema = literal(parameters ?? { type: "object" }, JAVASCRIPT, 3);
    const text = [
      "tool({",
      ...(description === undefined ? [] : [`      description: ${JSON.stringify(description)},`]),
      `      inputSchema: jsonSchema(${schema}),`,
      "    })",
    ];
    return [name, new Source(text.join("\n"))] as const;
  });
  return Object.fromEntries(entries);
}

function toChoice(choice: unknown): { readonly toolChoice?: unknown } {
  if (choice === undefined) return {};
  if (typeof choice === "string") return { toolChoice: choice };
  const { function: named } = choice as { readonly function: { readonly name: string } };
  return { toolChoice: { type: "tool", toolName: named.name } };
}

function toModelMessages(messages: readonly WireMessage[]): readonly unknown[] {
  const calls = messages.flatMap((message) =>
    message.role === "assistant" ? (message.tool_calls ?? []) : [],
  );
  const names = new Map(calls.map(({ id, function: called }) => [id, called.name]));
  return messages.map((message) => toModelMessage(message, names));
}

function toModelMessage(message: WireMessage, names: ReadonlyMap<string, string>): unknown {
  switch (message.role) {
    case "system":
      return message;
    case "user":
      return { role: "user", content: toContent(message.content) };
    case "assistant": {
      if (message.tool_calls === undefined) return message;
      const textPart = message.content === "" ? [] : [{ type: "text", text: message.content }];
      return { role: "assistant", content: [...textPart, ...message.tool_calls.map(toCall)] };
    }
    case "tool":
      return { role: "tool", content: [toResult(message.tool_call_id, message.content, names)] };
  }
}

function toContent(content: string | readonly (TextPart | MediaPart)[]): unknown {
  if (typeof content === "string") return content;
  const parts = content.map(toContentPart);
  // The SDK would send a lone text as a string, without its provider options.
  const isAlone = parts.length === 1 && content[0]?.type !== "image_url";
  return isAlone ? [...parts, { type: "text", text: " " }] : parts;
}

function toContentPart(part: TextPart | MediaPart): unknown {
  if (part.type === "text") return part;
  if (part.type === "image_url") {
    const picture = fileOf(part.image_url.url);
    if (picture === undefined) return { type: "image", image: part.image_url.url };
    const image = new Source(`await readFile(${JSON.stringify(picture.file)})`);
    return { type: "image", image, mediaType: picture.type };
  }
  const file = part.type === "file" ? fileOf(part.file.file_data) : undefined;
  if (part.type === "file" && file?.type === "application/pdf") {
    const data = new Source(`await readFile(${JSON.stringify(file.file)})`);
    return { type: "file", data, mediaType: file.type, filename: part.file.filename };
  }
  // The SDK has no part for it and drops empty texts, but it forwards a provider's own fields.
  return { type: "text", text: " ", providerOptions: { openaiCompatible: part } };
}

function toCall({ id, function: { name, arguments: written } }: WireToolCall): unknown {
  let input: unknown = {};
  try {
    input = JSON.parse(written);
  } catch {
    // The SDK cannot represent arguments that are not JSON.
  }
  return { type: "tool-call", toolCallId: id, toolName: name, input };
}

function toResult(id: string, text: string, names: ReadonlyMap<string, string>): unknown {
  const output = { type: "text", value: text };
  return { type: "tool-result", toolCallId: id, toolName: names.get(id) ?? "tool", output };
}
