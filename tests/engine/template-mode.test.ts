// A checkpoint whose template fails for some requests: reported at start, refused or replaced.

import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import type { ChatMessage, ContentPart } from "../../src/core/chat.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { createLog } from "../../src/core/log.ts";
import { openTextFiles } from "../../src/inputs/text-files.ts";
import { type Engine, open } from "../../src/runtime/engine.ts";
import { FALLBACK_TEMPLATE } from "../../src/text/fallback-template.ts";
import type { TemplateMode } from "../../src/text/open-template.ts";
import { ask, inFolder, requestOf, TINY } from "./asking.ts";

/** Takes texts only; lists of parts fail on the second line. */
const TEXTS_ONLY =
  "{%- for message in messages -%}\n" +
  "{{- '<SPECIAL_11>' + message.content + '\\n' -}}\n" +
  "{%- endfor -%}{{ '<SPECIAL_11>Assistant\\n' }}";

async function withTemplate<T>(
  source: string,
  mode: TemplateMode | undefined,
  body: (engine: Engine, logged: readonly string[]) => Promise<T>,
): Promise<T> {
  return inFolder(async (dir) => {
    await cp(TINY, dir, { recursive: true });
    await writeFile(join(dir, "chat_template.jinja"), source);
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line), "warn");
    const shared = { cacheDir: false, threads: 1, contextTokens: 4096, log } as const;
    const engine = await open(dir, {
      ...shared,
      ...(mode === undefined ? {} : { template: mode }),
    });
    try {
      return await body(engine, lines);
    } finally {
      await engine.close();
    }
  });
}

async function aboutPicture() {
  const create = { width: 64, height: 64, channels: 3 as const, background: "teal" };
  const bytes = await sharp({ create }).png().toBuffer();
  const content: ContentPart[] = [
    { type: "image", bytes },
    { type: "text", text: "What is it?" },
  ];
  return { ...requestOf("", { maxTokens: 2 }), messages: [{ role: "user" as const, content }] };
}

test("it is reported at start with the probe and the line, and refused by name", async () => {
  await withTemplate(TEXTS_ONLY, undefined, async (engine, logged) => {
    const told = logged
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === "chat_template_fails");
    expect(told).toContainEqual(expect.objectContaining({ probe: "one picture", line: 2 }));
    expect(engine.info.template).toMatchObject({ origin: "checkpoint" });
    const text = requestOf("Hello", { maxTokens: 2, reasoning: {} });
    expect((await ask(engine, text)).ids).toHaveLength(2);
    await expect(ask(engine, await aboutPicture())).rejects.toMatchObject({
      code: "unsupported_parameter",
      message: expect.stringMatching(/cannot render "one picture".*--template fallback/),
    });
  });
});

test("a long conversation gives the same prompt and errors off the event loop", async () => {
  await withTemplate(FALLBACK_TEMPLATE, undefined, async (engine) => {
    const text = await openTextFiles(TINY);
    const tokensOf = (messages: readonly ChatMessage[]): number => {
      const { pieces } = text.template.render(messages);
      const counts = pieces.map((piece) =>
        piece.kind === "text" ? text.tokenizer.encodeText(piece.text).length : 1,
      );
      return counts.reduce((sum, count) => sum + count, 0);
    };
    const parts: ContentPart[] = Array.from({ length: LIMITS.template.inlineParts + 1 }, () => {
      return { type: "text", text: "a" };
    });
    const messages: ChatMessage[] = [{ role: "user", content: parts }];
    const long = { ...requestOf("", { maxTokens: 2 }), messages };
    const { promptTokens } = await engine.estimate(long);
    expect(promptTokens).toBe(tokensOf(messages));
    expect((await ask(engine, long)).ids).toHaveLength(2);
    const wrong = { ...long, continueFinalMessage: true };
    await expect(ask(engine, wrong)).rejects.toMatchObject({ param: "messages[0]" });
    const reason = new Error("the client has left");
    await expect(engine.estimate(long, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

test.each(["fallback", "builtin"] as const)("%s answers about pictures", async (mode) => {
  await withTemplate(TEXTS_ONLY, mode, async (engine) => {
    expect((await ask(engine, await aboutPicture())).ids).toHaveLength(2);
  });
});

test("fallback opens a checkpoint with an invalid template, and reports it", async () => {
  await withTemplate("{% if", "fallback", async (engine, logged) => {
    expect(engine.info.template.origin).toBe("builtin");
    expect(logged.join()).toContain("chat_template_not_used");
    expect((await ask(engine, requestOf("Hello", { maxTokens: 2 }))).ids).toHaveLength(2);
  });
});
