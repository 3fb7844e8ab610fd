// LlamaIndex's OpenAI class.

import { OpenAI } from "@llamaindex/openai";
import {
  caught,
  KEY,
  MODEL,
  PDF,
  PICTURE_URL,
  QUESTION,
  runChecks,
  SECOND,
  sky,
  TOO_LONG,
  TOOL_QUESTION,
  URL,
  WEATHER,
} from "./checks.mjs";

const llm = new OpenAI({
  model: MODEL,
  apiKey: KEY,
  baseURL: `${URL}/v1`,
  maxRetries: 0,
  supportToolCall: true,
});
const user = (content) => ({ role: "user", content });
const chat = async (messages, more = {}) => (await llm.chat({ messages, ...more })).message;

await runChecks({
  answer: async () => (await chat([user(QUESTION)])).content,
  "second turn": async () => {
    const first = await chat([user(QUESTION)]);
    return (await chat([user(QUESTION), first, user(SECOND)])).content;
  },
  stream: async () => {
    let text = "";
    const stream = await llm.chat({ messages: [user(QUESTION)], stream: true });
    for await (const { delta } of stream) text += delta;
    return text;
  },
  tools: async () => {
    const { name, description, schema: parameters } = WEATHER;
    const tools = [{ metadata: { name, description, parameters }, call: sky }];
    const first = await chat([user(TOOL_QUESTION)], { tools });
    const [call] = first.options.toolCall;
    const input = typeof call.input === "string" ? JSON.parse(call.input) : call.input;
    const toolResult = { id: call.id, result: sky(input), isError: false };
    const result = { ...user(toolResult.result), options: { toolResult } };
    return (await chat([user(TOOL_QUESTION), first, result], { tools })).content;
  },
  picture: async () => {
    const image = { type: "image_url", image_url: { url: PICTURE_URL } };
    return (await chat([user([{ type: "text", text: QUESTION }, image])])).content;
  },
  PDF: async () => {
    const data = PDF.toString("base64");
    const file = { type: "file", data, mimeType: "application/pdf", filename: "invoice.pdf" };
    return (await chat([user([{ type: "text", text: QUESTION }, file])])).content;
  },
  error: () => caught(() => chat([user(TOO_LONG)])),
});
