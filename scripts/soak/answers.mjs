// Checks answers while faults are caused: an answer is complete, or an error tells the client what
// happened.

/** Codes that faults and full queues may cause, in words for the report. */
const TOLD = new Set([
  "engine_restarted",
  "queue_full",
  "rate_limited",
  "server_busy",
  "storage_full",
  "storage_unavailable",
]);
/** Codes for media whose decoder may have been killed. */
const TOLD_OF_MEDIA = new Set([...TOLD, "media_undecodable"]);
/** Text that may never reach a client. */
const INSIDE = /node_modules|\/tmp\/|\/dist\/|\.(ts|js):\d|signal SIG/;

export function parse(bytes, context) {
  try {
    return JSON.parse(bytes);
  } catch {
    throw new Error(`${context} is not JSON: ${bytes.subarray(0, 80)}`);
  }
}

/** The outcome of an error body. Throws if the code is not one that a fault may cause. */
export function checkError(status, body, { media = false } = {}) {
  const text = JSON.stringify(body);
  if (INSIDE.test(text)) throw new Error(`an error shows the inside: ${text}`);
  const code = body.error?.code;
  if (!(media ? TOLD_OF_MEDIA : TOLD).has(code)) throw new Error(`${status} ${text}`);
  return `told ${code}`;
}

/** Checks the answer of a chat that is not streamed; returns the outcome. */
export function checkChat(client, { status, bytes }, options) {
  const body = parse(bytes, `a body with status ${status}`);
  if (status !== 200) return checkError(status, body, options);
  const [{ message, finish_reason }] = body.choices;
  if (typeof message.content !== "string" && !message.tool_calls)
    throw new Error("the message has neither content nor tool calls");
  if (!finish_reason || body.usage.prompt_tokens < 1)
    throw new Error("finish_reason or prompt_tokens is missing");
  client.count(body.usage);
  return "complete";
}

/** Checks a stream of a chat with usage; returns the outcome. */
export function checkStream(client, { status, bytes }) {
  if (status !== 200) return checkError(status, parse(bytes, `a body with status ${status}`));
  const text = String(bytes);
  const events = text.split("\n\n").filter((event) => event.startsWith("data: "));
  const last = events.at(-1)?.slice("data: ".length);
  if (last !== "[DONE]") {
    const body = parse(Buffer.from(last ?? ""), "the last event of a stream without [DONE]");
    return checkError(status, body);
  }
  const chunks = events.slice(0, -1).map((event) => JSON.parse(event.slice("data: ".length)));
  if (!chunks.some(({ choices }) => choices[0]?.finish_reason))
    throw new Error("a stream has [DONE] and no finish_reason");
  client.count(chunks.findLast(({ usage }) => usage).usage);
  return "complete";
}
