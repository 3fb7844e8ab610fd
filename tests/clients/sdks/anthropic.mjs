// Anthropic's own library against /v1/messages.

import Anthropic from "@anthropic-ai/sdk";
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

const client = new Anthropic({ baseURL: URL, apiKey: KEY, maxRetries: 0 });
const user = (content) => ({ role: "user", content });
const create = (messages, more = {}) =>
  client.messages.create({ model: MODEL, max_tokens: 300, messages, ...more });
const textOf = ({ content }) => content.find(({ type }) => type === "text")?.text;
const base64 = (bytes, media_type) => ({
  type: "base64",
  media_type,
  data: bytes.toString("base64"),
});
const withPart = async (part) =>
  textOf(await create([user([{ type: "text", text: QUESTION }, part])]));

await runChecks({
  answer: async () => textOf(await create([user(QUESTION)])),
  "second turn": async () => {
    const { role, content } = await create([user(QUESTION)]);
    return textOf(await create([user(QUESTION), { role, content }, user(SECOND)]));
  },
  stream: async () => {
    const asked = { model: MODEL, max_tokens: 300, messages: [user(QUESTION)] };
    return await client.messages.stream(asked).finalText();
  },
  tools: async () => {
    const { name, description, schema: input_schema } = WEATHER;
    const tools = [{ name, description, input_schema }];
    const { role, content } = await create([user(TOOL_QUESTION)], { tools });
    const { id, input } = content.find(({ type }) => type === "tool_use");
    const result = { type: "tool_result", tool_use_id: id, content: sky(input) };
    const messages = [user(TOOL_QUESTION), { role, content }, user([result])];
    return textOf(await create(messages, { tools }));
  },
  picture: () => withPart({ type: "image", source: base64(PICTURE, "image/png") }),
  PDF: () => withPart({ type: "document", source: base64(PDF, "application/pdf") }),
  error: () => caught(() => create([user(TOO_LONG)])),
});
