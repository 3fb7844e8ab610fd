// The model in the box with a template in the published style: prompts against Python's jinja2,
// token by token. scripts/template-conversations.py made the data.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { ChatMessage, ContentPart } from "../core/chat.ts";
import { createChatTemplate, type PromptPiece } from "./template.ts";
import { openTokenizer } from "./tokenizer.ts";

interface Case {
  readonly kind: string;
  readonly messages: readonly {
    readonly role: ChatMessage["role"];
    readonly content: string | readonly { readonly type: string; readonly text?: string }[];
    readonly tool_calls?: readonly { readonly name: string; readonly arguments: string }[];
  }[];
  readonly tools?: readonly Record<string, unknown>[];
  readonly thinking?: boolean;
  readonly prompt: string;
}

const read = (path: string): Buffer => readFileSync(new URL(`../../${path}`, import.meta.url));
const json = (path: string): unknown => JSON.parse(read(path).toString());
const cases = JSON.parse(
  gunzipSync(read("tests/templates/conversations.json.gz")).toString(),
) as Case[];
const tokenizer = openTokenizer(
  json("models/mini/tokenizer.json"),
  json("models/mini/tokenizer_config.json"),
);
const template = createChatTemplate(
  tokenizer,
  read("tests/templates/published-style.jinja").toString(),
);

function toMessage({ role, content, tool_calls: calls }: Case["messages"][number]): ChatMessage {
  const part = ({ type, text }: { type: string; text?: string }): ContentPart =>
    type === "text"
      ? { type, text: text ?? "" }
      : { type: type as "image" | "video", bytes: new Uint8Array() };
  return {
    role,
    content: typeof content === "string" ? content : content.map(part),
    ...(calls === undefined ? {} : { toolCalls: calls.map((call) => ({ id: "", ...call })) }),
  };
}

function idsOf(pieces: readonly PromptPiece[]): number[] {
  return pieces.flatMap((piece) => {
    if (piece.kind === "text") return tokenizer.encodeText(piece.text);
    return [piece.kind === "control" ? piece.id : tokenizer.idOf(`<${piece.kind}>`)!];
  });
}

/** Python's text as ids: control words are tokens, everything else is ordinary text. */
function pythonIds(prompt: string): number[] {
  return tokenizer.splitAdded(prompt).flatMap((run) => {
    return typeof run === "string" ? tokenizer.encodeText(run) : [run.id];
  });
}

test.each([...new Set(cases.map(({ kind }) => kind))])("200 conversations: %s", (kind) => {
  const own = cases.filter((found) => found.kind === kind);
  expect(own).toHaveLength(200);
  for (const { messages, tools, thinking, prompt } of own) {
    const { pieces, reasoningOpen } = template.render(messages.map(toMessage), {
      ...(tools === undefined ? {} : { tools }),
      ...(thinking === undefined ? {} : { enableThinking: thinking }),
    });
    expect(idsOf(pieces)).toEqual(pythonIds(prompt));
    expect(reasoningOpen).toBe(prompt.endsWith("<think>\n"));
  }
});
