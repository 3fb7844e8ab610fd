// Vercel's AI SDK, versions 6 and 7, with each provider that accepts a base URL.

import {
  caught,
  KEY,
  MODEL,
  PDF,
  PICTURE,
  QUESTION,
  runChecks,
  SECOND,
  sky,
  TOO_LONG,
  TOOL_QUESTION,
  URL,
  WEATHER,
} from "./checks.mjs";

const [version, provider] = process.argv.slice(2);
const { generateText, jsonSchema, stepCountIs, streamText, tool } = await import(
  version === "7" ? "ai" : "ai6"
);
const packageOf = (name) => import(version === "7" ? `@ai-sdk/${name}` : `ai6-${name}`);

const MODELS = {
  openai: async () => {
    const { createOpenAI } = await packageOf("openai");
    return createOpenAI({ baseURL: `${URL}/v1`, apiKey: KEY })(MODEL);
  },
  "openai.chat": async () => {
    const { createOpenAI } = await packageOf("openai");
    return createOpenAI({ baseURL: `${URL}/v1`, apiKey: KEY }).chat(MODEL);
  },
  "openai-compatible": async () => {
    const { createOpenAICompatible } = await packageOf("openai-compatible");
    return createOpenAICompatible({ name: "vireo", baseURL: `${URL}/v1`, apiKey: KEY })(MODEL);
  },
  anthropic: async () => {
    const { createAnthropic } = await packageOf("anthropic");
    return createAnthropic({ baseURL: `${URL}/v1`, apiKey: KEY })(MODEL);
  },
  gateway: async () => {
    const { createGateway } = await packageOf("gateway");
    return createGateway({ baseURL: `${URL}/v3/ai`, apiKey: KEY })(MODEL);
  },
  openrouter: async () => {
    const { createOpenRouter } = await import("@openrouter/ai-sdk-provider");
    return createOpenRouter({ baseURL: `${URL}/v1`, apiKey: KEY })(MODEL);
  },
};

const model = await MODELS[provider]();
const user = (content) => ({ role: "user", content });
const generate = (messages, more = {}) => generateText({ model, messages, maxRetries: 0, ...more });
const tools = {
  [WEATHER.name]: tool({
    description: WEATHER.description,
    inputSchema: jsonSchema(WEATHER.schema),
    execute: async (input) => sky(input),
  }),
};
const filePart = (data, mediaType, filename) => ({ type: "file", data, mediaType, filename });
const withFile = async (part) =>
  (await generate([user([{ type: "text", text: QUESTION }, part])])).text;

await runChecks({
  answer: async () => (await generate([user(QUESTION)])).text,
  "second turn": async () => {
    const { response } = await generate([user(QUESTION)]);
    return (await generate([user(QUESTION), ...response.messages, user(SECOND)])).text;
  },
  stream: async () => {
    const { textStream } = streamText({ model, prompt: QUESTION });
    let text = "";
    for await (const piece of textStream) text += piece;
    return text;
  },
  tools: async () => {
    const stopWhen = stepCountIs(3);
    return (await generate([user(TOOL_QUESTION)], { tools, stopWhen })).text;
  },
  picture: () => withFile(filePart(PICTURE, "image/png", "invoice.png")),
  PDF: () => withFile(filePart(PDF, "application/pdf", "invoice.pdf")),
  error: () => caught(() => generate([user(TOO_LONG)])),
});
