// The server's default for reasoning, and reasoning about videos, on every protocol.

import { describe, expect, test } from "vitest";
import type { ChatRequest } from "../../src/core/chat.ts";
import type { UpstreamModel } from "../../src/core/upstream.ts";
import { parseCall } from "../../src/protocols/ai-gateway/call.ts";
import { parseMessagesRequest } from "../../src/protocols/anthropic/request.ts";
import { parseChatRequest } from "../../src/protocols/openai/chat.ts";
import { parseResponseRequest } from "../../src/protocols/openai/responses.ts";

const models = (reasoning: boolean): UpstreamModel[] => [
  {
    id: "m",
    aliases: ["also-m"],
    createdUnix: 0,
    ownedBy: "local",
    contextTokens: 4096,
    maxOutputTokens: 4096,
    fingerprint: "f",
    reasoning,
  },
];
const VIDEO = "data:video/mp4;base64,YWJj";

interface Parsed {
  readonly request: ChatRequest;
  readonly warnings: readonly object[];
}

/** A question, optionally about a video, with the protocol's own reasoning switch. */
type Ask = (about: { video?: boolean; on?: boolean }, models?: UpstreamModel[]) => Parsed;

const chat: Ask = ({ video, on }, list) => {
  const part = { type: "video_url", video_url: { url: VIDEO } };
  const content = video ? [part, { type: "text", text: "Hi" }] : "Hi";
  const field = on === undefined ? {} : { reasoning: { enabled: on } };
  return parseChatRequest({ model: "m", messages: [{ role: "user", content }], ...field }, list);
};
const responses: Ask = ({ video, on }, list) => {
  const part = { type: "input_video", video_url: VIDEO };
  const content = [...(video ? [part] : []), { type: "input_text", text: "Hi" }];
  const field = on === undefined ? {} : { reasoning: { effort: on ? "high" : "none" } };
  const input = [{ role: "user", content }];
  return parseResponseRequest({ model: "m", input, ...field }, list);
};
const vercel: Ask = ({ video, on }, list) => {
  const file = { type: "file", mediaType: "video/mp4", data: VIDEO };
  const content = [...(video ? [file] : []), { type: "text", text: "Hi" }];
  const field = on === undefined ? {} : { reasoning: on ? "high" : "none" };
  return parseCall({ prompt: [{ role: "user", content }], ...field }, "m", list);
};
const messages: Ask = ({ on }, list) => {
  const thinking = on === undefined ? {} : { thinking: on ? ENABLED : { type: "disabled" } };
  const said = [{ role: "user", content: "Hi" }];
  return parseMessagesRequest({ model: "m", max_tokens: 2000, messages: said, ...thinking }, list);
};
const ENABLED = { type: "enabled", budget_tokens: 1024 };

describe.each([
  ["chat completions", chat],
  ["responses", responses],
  ["the AI SDK's gateway", vercel],
  ["messages", messages],
] as const)("%s", (_, ask) => {
  test("the default applies if the request does not decide", () => {
    const { request } = ask({}, models(true));
    expect(request.reasoning?.enabled).toBe(true);
    expect(request.sampling?.temperature).toBe(0.6);
    expect(ask({}, models(false)).request.reasoning?.enabled).toBe(false);
    expect(ask({}).request.reasoning?.enabled).toBeUndefined();
  });

  test("the request overrides it", () => {
    expect(ask({ on: false }, models(true)).request.reasoning?.enabled).toBe(false);
    expect(ask({ on: true }, models(false)).request.reasoning?.enabled).toBe(true);
  });
});

describe.each([
  ["chat completions", chat],
  ["responses", responses],
  ["the AI SDK's gateway", vercel],
] as const)("a video with %s", (_, ask) => {
  test("is not reasoned about by default", () => {
    const { request, warnings } = ask({ video: true }, models(true));
    expect(request.reasoning?.enabled).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  test("is reasoned about on request, with a warning", () => {
    const { request, warnings } = ask({ video: true, on: true });
    expect(request.reasoning?.enabled).toBe(true);
    expect(warnings).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/reasoning about videos/) }),
    ]);
  });
});
