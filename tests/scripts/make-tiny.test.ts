import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readModelConfig } from "../../src/model/config.ts";
import { planCheckpoint } from "../../src/model/names.ts";
import { createChatTemplate, type PromptPiece } from "../../src/text/template.ts";
import { openTokenizer } from "../../src/text/tokenizer.ts";
import { openCheckpointFiles, readTensor, toFloat32 } from "../../src/weights/safetensors.ts";

const HERE = new URL("../../", import.meta.url).pathname;
const TINY = join(HERE, "models/tiny");

async function tokenizer() {
  const read = async (name: string) => JSON.parse(await readFile(join(TINY, name), "utf8"));
  return openTokenizer(await read("tokenizer.json"), await read("tokenizer_config.json"));
}

test("models/tiny equals the output of scripts/make-tiny.mjs, byte for byte", async () => {
  const made = await mkdtemp(join(tmpdir(), "vireo-tiny-"));
  try {
    execFileSync(process.execPath, [join(HERE, "scripts/make-tiny.mjs"), made]);
    const names = await readdir(made);
    const own = (await readdir(TINY)).filter((name) => name !== ".vireo"); // a cache of use
    expect(own.sort()).toEqual(names.sort());
    for (const name of names) {
      const [ours, theirs] = await Promise.all([
        readFile(join(TINY, name)),
        readFile(join(made, name)),
      ]);
      expect(ours.equals(theirs), name).toBe(true);
    }
  } finally {
    await rm(made, { recursive: true, force: true });
  }
});

test("its weights fit its configuration, are finite and take at most 3 MB", async () => {
  const index = await openCheckpointFiles(TINY);
  const config = await readModelConfig(index);
  const plan = planCheckpoint(index, config);
  expect(plan.layers.map((layer) => layer.kind)).toContain("attention");
  expect(index.totalBytes).toBeLessThan(3e6);
  for (const entry of index.tensors.values()) {
    const values = toFloat32(entry, await readTensor(entry));
    const worst = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(worst, entry.name).toBeLessThan(10);
    expect(values.every(Number.isFinite), entry.name).toBe(true);
  }
});

test("its tokenizer preserves any text and has the tokens of the configuration", async () => {
  const { encodeText, decode, idOf, vocabularySize } = await tokenizer();
  for (const text of ["The house is red.\n\n", "Grüße, 日本 🙂\t x", "<image>", "", "  a  1234"]) {
    expect(decode(encodeText(text), { skipSpecial: false })).toBe(text);
  }
  const config = await readModelConfig(await openCheckpointFiles(TINY));
  expect(idOf("<image>")).toBe(config.tokens.imageId);
  expect(idOf("<SPECIAL_12>")).toBe(12);
  expect(encodeText(" the house is").length).toBeLessThan(6);
  expect(vocabularySize).toBeLessThanOrEqual(config.text.vocabulary);
});

/** The words about tools as the published model has them; models/tiny has those of a text model. */
function withPublishedWords(piece: PromptPiece): PromptPiece {
  if (piece.kind !== "text") return piece;
  const text = piece.text
    .replace(/\{\{("tool_response\d")\}\}/g, '{"response": $1}')
    .replace(/\{\{("name": "tool_name\d", "arguments": "tool_args\d")\}\}/g, "{$1}");
  return { kind: "text", text };
}

test("its template equals the one for checkpoints without a template", async () => {
  const open = await tokenizer();
  const source = await readFile(join(TINY, "chat_template.jinja"), "utf8");
  const own = createChatTemplate(open, source);
  const fallback = createChatTemplate(open);
  const image = { type: "image", bytes: new Uint8Array(1) } as const;
  const say = (text: string) => ({ type: "text", text }) as const;
  const tools = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];
  const toolCalls = [
    { name: "f", arguments: '{"x": 1}' },
    { name: "g", arguments: "{}" },
  ];
  const chats = [
    [{ role: "user", content: " Hi " }],
    [
      { role: "system", content: "Be brief. /think" },
      { role: "user", content: [say("a "), image, say("b")] },
    ],
    [{ role: "user", content: [image, image, say("Compare. /no_think")] }],
    [
      { role: "user", content: "a /think" },
      { role: "assistant", content: "<think>\nx\n</think>\n\nyes" },
      { role: "user", content: "b" },
    ],
    [
      { role: "system", content: "Use tools." },
      { role: "user", content: "go" },
      { role: "assistant", content: "", toolCalls },
      { role: "tool", content: "1" },
      { role: "tool", content: "2" },
      { role: "assistant", content: "done", toolCalls },
      { role: "tool", content: "3" },
    ],
  ] as const;
  for (const messages of chats) {
    for (const options of [{}, { tools }, { enableThinking: true }, { enableThinking: false }]) {
      const rendered = own.render(messages, options);
      const pieces = rendered.pieces.map(withPublishedWords);
      expect({ ...rendered, pieces }).toEqual(fallback.render(messages, options));
    }
  }
});
