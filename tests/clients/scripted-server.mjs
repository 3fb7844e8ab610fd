// The built server with scripted answers, so that tests can check how clients handle them.
// `npm run test:clients` starts it in its own process.

import { VireoError } from "../../dist/core/errors.js";
import { silentLog } from "../../dist/core/log.js";
import { listen } from "../../dist/server/listen.js";

export const MODEL = "vireo/scripted";
const CONTEXT_TOKENS = 131_072;
const CALL = /use the tool (\S+) with (\{.*\})/;

/** Listens on a free port of 127.0.0.1; `requests` lists the prompts that the model gets. */
export async function startScriptedServer() {
  const requests = [];
  const upstream = {
    models: [
      {
        id: MODEL,
        aliases: [],
        createdUnix: 1_760_000_000,
        ownedBy: "vireo",
        contextTokens: CONTEXT_TOKENS,
        maxOutputTokens: CONTEXT_TOKENS,
        fingerprint: "f00d",
      },
    ],
    ready: true,
    chat: (request) => {
      requests.push(request);
      return answer(request);
    },
  };
  const server = await listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0 });
  return { url: server.url, requests, close: () => server.close(100) };
}

async function* answer(request) {
  const { messages, tools = [], toolChoice } = request;
  const said = lastUserText(messages);
  if (said.includes("fail: too long")) {
    const message = "131073 tokens; the context holds 131072";
    throw new VireoError("context_length_exceeded", message, { param: "messages" });
  }
  yield { type: "start", promptTokens: 14, imageTokens: 0, videoTokens: 0 };
  const asked = CALL.exec(said);
  const mayCall = asked && toolChoice !== "none" && messages.at(-1)?.role === "user";
  const name = mayCall && tools.find((tool) => tool.name.endsWith(asked[1]))?.name;
  // opencode quotes its message and escapes inner quotes.
  const given = asked?.[2].replaceAll(`\\"`, `"`);
  if (name) yield { type: "tool_call", index: 0, name, arguments: given };
  else for (const text of words(messages).split(/(?<= )/)) yield { type: "text", text };
  const reason = name ? "tool_calls" : "stop";
  const native = name ? "tool_call" : "eos";
  const counts = { promptTokens: 14, imageTokens: 0, videoTokens: 0, cachedTokens: 0 };
  const usage = { ...counts, completionTokens: 3, reasoningTokens: 0 };
  const timings = { queueMs: 0, mediaMs: 0, prefillMs: 0, decodeMs: 0 };
  request.onUsage?.(usage);
  yield { type: "end", reason, nativeReason: native, usage, timings };
}

/** Describes the model's input in words. */
function words(messages) {
  const last = messages.at(-1);
  if (last?.role === "tool") return `The tool said ${textOf(last)}`;
  const users = messages.filter(({ role }) => role === "user").length;
  const parts = messages.flatMap(({ content }) => (typeof content === "string" ? [] : content));
  const count = (type) => parts.filter((part) => part.type === type).length;
  const heard = messages.findLast(({ role }) => role === "assistant");
  return (
    `turn ${users}, ${count("image")} pictures, ${count("document")} documents, ` +
    `before: ${heard ? textOf(heard).slice(0, 60) : "nothing"}`
  );
}

function lastUserText(messages) {
  const last = messages.findLast(({ role }) => role === "user");
  return last ? textOf(last) : "";
}

function textOf({ content }) {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}
