// LangChain's ChatOpenAI.

import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
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

const model = new ChatOpenAI({
  model: MODEL,
  apiKey: KEY,
  maxRetries: 0,
  configuration: { baseURL: `${URL}/v1` },
});
const ask = async (content) => (await model.invoke([new HumanMessage({ content })])).content;

await runChecks({
  answer: () => ask(QUESTION),
  "second turn": async () => {
    const first = await model.invoke(QUESTION);
    const messages = [new HumanMessage(QUESTION), first, new HumanMessage(SECOND)];
    return (await model.invoke(messages)).content;
  },
  stream: async () => {
    let text = "";
    for await (const piece of await model.stream(QUESTION)) text += piece.content;
    return text;
  },
  tools: async () => {
    const { name, description, schema } = WEATHER;
    const bound = model.bindTools([
      tool(async (input) => sky(input), { name, description, schema }),
    ]);
    const first = await bound.invoke(TOOL_QUESTION);
    const [call] = first.tool_calls;
    const result = new ToolMessage({ tool_call_id: call.id, content: sky(call.args) });
    const { content, tool_calls } = first;
    const messages = [
      new HumanMessage(TOOL_QUESTION),
      new AIMessage({ content, tool_calls }),
      result,
    ];
    return (await bound.invoke(messages)).content;
  },
  picture: () =>
    ask([
      { type: "text", text: QUESTION },
      { type: "image_url", image_url: { url: PICTURE_URL } },
    ]),
  PDF: () =>
    ask([
      { type: "text", text: QUESTION },
      {
        type: "file",
        source_type: "base64",
        mime_type: "application/pdf",
        data: PDF.toString("base64"),
        metadata: { filename: "invoice.pdf" },
      },
    ]),
  error: () => caught(() => ask(TOO_LONG)),
});
