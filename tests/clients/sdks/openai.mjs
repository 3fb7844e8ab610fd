// The official OpenAI library, versions 6 and 7: chat completions and responses.

import {
  caught,
  KEY,
  MODEL,
  PDF_URL,
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

const [version, api] = process.argv.slice(2);
const { default: OpenAI } = await import(version);
const client = new OpenAI({ baseURL: `${URL}/v1`, apiKey: KEY, maxRetries: 0 });

const user = (content) => ({ role: "user", content });
const complete = async (messages, more = {}) => {
  const { choices } = await client.chat.completions.create({ model: MODEL, messages, ...more });
  return choices[0].message;
};
const { name, description, schema: parameters } = WEATHER;

const chat = {
  answer: async () => (await complete([user(QUESTION)])).content,
  "second turn": async () => {
    const first = await complete([user(QUESTION)]);
    return (await complete([user(QUESTION), first, user(SECOND)])).content;
  },
  stream: async () => {
    const messages = [user(QUESTION)];
    const stream = client.chat.completions.stream({ model: MODEL, messages });
    return (await stream.finalMessage()).content;
  },
  tools: async () => {
    const runner = client.chat.completions.runTools({
      model: MODEL,
      messages: [user(TOOL_QUESTION)],
      tools: [
        {
          type: "function",
          function: { name, description, parameters, parse: JSON.parse, function: sky },
        },
      ],
    });
    return await runner.finalContent();
  },
  picture: async () => {
    const image = { type: "image_url", image_url: { url: PICTURE_URL } };
    return (await complete([user([{ type: "text", text: QUESTION }, image])])).content;
  },
  PDF: async () => {
    const file = { type: "file", file: { filename: "invoice.pdf", file_data: PDF_URL } };
    return (await complete([user([{ type: "text", text: QUESTION }, file])])).content;
  },
  error: () => caught(() => complete([user(TOO_LONG)])),
};

const respond = (input, more = {}) => client.responses.create({ model: MODEL, input, ...more });

const responses = {
  answer: async () => (await respond(QUESTION)).output_text,
  "second turn": async () => {
    const { id } = await respond(QUESTION);
    return (await respond(SECOND, { previous_response_id: id })).output_text;
  },
  stream: async () => {
    const stream = client.responses.stream({ model: MODEL, input: QUESTION });
    return (await stream.finalResponse()).output_text;
  },
  tools: async () => {
    const tools = [{ type: "function", name, description, parameters, strict: true }];
    const first = await respond(TOOL_QUESTION, { tools });
    const call = first.output.find(({ type }) => type === "function_call");
    const output = sky(JSON.parse(call.arguments));
    const result = { type: "function_call_output", call_id: call.call_id, output };
    const input = [user(TOOL_QUESTION), ...first.output, result];
    return (await respond(input, { tools })).output_text;
  },
  picture: async () => {
    const image = { type: "input_image", image_url: PICTURE_URL, detail: "auto" };
    const content = [{ type: "input_text", text: QUESTION }, image];
    return (await respond([user(content)])).output_text;
  },
  PDF: async () => {
    const file = { type: "input_file", filename: "invoice.pdf", file_data: PDF_URL };
    const content = [{ type: "input_text", text: QUESTION }, file];
    return (await respond([user(content)])).output_text;
  },
  error: () => caught(() => respond(TOO_LONG)),
};

await runChecks(api === "chat" ? chat : responses);
