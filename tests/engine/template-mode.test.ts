// A checkpoint whose template fails for some requests: told at start, refused or replaced.

import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import type { ContentPart } from "../../src/core/chat.ts";
import { createLog } from "../../src/core/log.ts";
import { type Engine, open } from "../../src/runtime/engine.ts";
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

test("it is told at start with the probe and the line, and refused by name", async () => {
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

test.each(["fallback", "builtin"] as const)("%s answers about pictures", async (mode) => {
  await withTemplate(TEXTS_ONLY, mode, async (engine) => {
    expect((await ask(engine, await aboutPicture())).ids).toHaveLength(2);
  });
});

test("fallback opens a checkpoint whose template is none, and says so", async () => {
  await withTemplate("{% if", "fallback", async (engine, logged) => {
    expect(engine.info.template.origin).toBe("builtin");
    expect(logged.join()).toContain("chat_template_not_used");
    expect((await ask(engine, requestOf("Hello", { maxTokens: 2 }))).ids).toHaveLength(2);
  });
});
