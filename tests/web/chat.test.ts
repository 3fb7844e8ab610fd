import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChatEvent } from "../../src/core/chat.ts";
import { VireoError } from "../../src/core/errors.ts";
import { findChromium, type Stage, setStage } from "./browser.ts";
import { pngFile } from "./files.ts";

const chromium = findChromium();
const COMPLETIONS = "**/v1/chat/completions";

describe.skipIf(chromium === undefined)("a chat in the browser", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage(chromium!);
  });
  afterAll(() => stage?.close());

  const field = (page: Page) => page.getByRole("textbox", { name: "Question", exact: true });
  const ask = async (page: Page, text: string): Promise<void> => {
    await field(page).fill(text);
    await field(page).press("Enter");
  };
  const lastAnswer = (page: Page) => page.locator(".answer").last();
  const done = (page: Page) => page.locator('.answer[data-status="done"]').last().waitFor();

  test("streams an answer with its figures", async () => {
    stage.upstream.scripts.set("tell me", ["**Once** ", 1500, "upon ", 500, "a time"]);
    const { page, complaints } = await stage.open();
    await ask(page, "tell me");
    await page.getByText("Once", { exact: true }).waitFor();
    expect(await lastAnswer(page).getAttribute("data-status")).toBe("streaming");
    await done(page);
    expect(await lastAnswer(page).locator("strong").textContent()).toBe("Once");
    const figures = (await page.locator(".figures").textContent()) ?? "";
    for (const part of ["tokens/s", "first after", "27 in", "3 out"]) {
      expect(figures).toContain(part);
    }
    await expect.poll(() => field(page).inputValue()).toBe("");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("reasoning is folded, and opens", async () => {
    const reasoning: ChatEvent = { type: "reasoning", text: "Let me see." };
    stage.upstream.scripts.set("think", [reasoning, "Yes."]);
    const { page } = await stage.open();
    await ask(page, "think");
    await done(page);
    const thought = page.getByText("Let me see.");
    expect(await thought.isVisible()).toBe(false);
    expect(await page.locator(".reasoning summary").textContent()).toContain("1 token");
    await page.locator(".reasoning summary").click();
    expect(await thought.isVisible()).toBe(true);
    await page.context().close();
  });

  test("Escape and the button stop it; the received text stays", async () => {
    stage.upstream.scripts.set("endless", ["word ", 60_000, "never"]);
    for (const stop of ["Escape", "button"]) {
      const { page } = await stage.open();
      await ask(page, "endless");
      await lastAnswer(page).getByText("word", { exact: true }).waitFor();
      await (stop === "Escape" ? page.keyboard.press(stop) : page.getByLabel("Stop").click());
      await page.getByText("stopped by you").waitFor();
      expect(await lastAnswer(page).textContent()).toContain("word");
      await page.context().close();
    }
  });

  test("a question is edited, an answer regenerated", async () => {
    const { page } = await stage.open();
    await ask(page, "first");
    await done(page);
    await ask(page, "second");
    const answered = () => page.locator('.answer[data-status="done"]').count();
    await expect.poll(answered, { timeout: 10_000 }).toBe(2);
    const asked = stage.upstream.requests.length;
    await page.getByLabel("Answer again").last().click();
    await expect.poll(() => stage.upstream.requests.length).toBe(asked + 1);
    await expect.poll(answered, { timeout: 10_000 }).toBe(2);
    await page.getByLabel("Edit question").first().click();
    await page.getByLabel("Question").first().fill("changed");
    await page.getByRole("button", { name: "Ask again" }).click();
    await lastAnswer(page).getByText("changed").waitFor();
    await done(page);
    await expect.poll(() => page.locator(".question").allTextContents()).toEqual(["changed"]);
    expect(stage.upstream.requests.at(-1)?.messages).toHaveLength(1);
    await page.context().close();
  });

  test("errors show the server's message and a retry button", async () => {
    const { scripts } = stage.upstream;
    scripts.set("full", [new VireoError("queue_full", "256 wait already", { retryAfterMs: 9000 })]);
    scripts.set("breaks", ["half ", 30, new VireoError("engine_closed", "the engine was closed")]);
    const { page } = await stage.open();
    await ask(page, "full");
    await page.getByRole("alert").getByText("256 wait already").waitFor();
    expect(await page.getByRole("alert").textContent()).toMatch(/best in \d seconds?/);
    scripts.set("full", ["now "]);
    await page.getByRole("button", { name: "Try again" }).click();
    await lastAnswer(page).getByText("now").waitFor();
    await ask(page, "breaks");
    await page.getByRole("alert").getByText("the engine was closed").waitFor();
    expect(await lastAnswer(page).textContent()).toContain("half");
    expect(await lastAnswer(page).getAttribute("data-status")).toBe("failed");
    await page.context().close();
  });

  test("a stream without its end is incomplete, and a lost server is reported", async () => {
    const { page } = await stage.open();
    const chunk = { choices: [{ delta: { content: "half" }, finish_reason: null }] };
    const body = `data: ${JSON.stringify(chunk)}\n\n`;
    await page.route(COMPLETIONS, (route) =>
      route.fulfill({ contentType: "text/event-stream", body }),
    );
    await ask(page, "anything");
    await page.getByText("The answer is incomplete").waitFor();
    expect(await lastAnswer(page).getAttribute("data-status")).toBe("failed");
    await page.unroute(COMPLETIONS);
    await page.route(COMPLETIONS, (route) => route.abort());
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("The server cannot be reached").waitFor();
    await page.context().close();
  });

  test("tools: the call is shown, the user types the result, the model continues", async () => {
    const { page } = await stage.open();
    const events = [
      { delta: { tool_calls: [{ index: 0, id: "c1", function: { name: "get_weather" } }] } },
      { delta: { tool_calls: [{ index: 0, function: { arguments: '{"city":"Hilo"}' } }] } },
      { delta: {}, finish_reason: "tool_calls" },
    ];
    const stream = events.map((choice) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`);
    const bodies: Record<string, unknown>[] = [];
    await page.route(COMPLETIONS, async (route) => {
      bodies.push(route.request().postDataJSON());
      if (bodies.length > 1)
        return route.fulfill({ status: 400, json: { error: { message: "no" } } });
      const body = `${stream.join("")}data: [DONE]\n\n`;
      return route.fulfill({ contentType: "text/event-stream", body });
    });
    await page.getByLabel("Settings").click();
    await page.locator("summary", { hasText: "Tools" }).click();
    await page.getByLabel("Definitions").fill('[{"name": ');
    await page.locator(".problem").waitFor();
    await page.getByLabel("Definitions").fill('[{"name": "get_weather"}]');
    await page.getByLabel("Close settings").click();
    await ask(page, "Weather?");
    await page.locator(".tool-calls").getByText('"city": "Hilo"').waitFor();
    await page.getByLabel("Result of get_weather").fill('{"celsius": 27}');
    await page.getByRole("button", { name: "Send result" }).click();
    await page.getByRole("alert").getByText("no").waitFor();
    expect(bodies[0]).toMatchObject({ tools: [{ function: { name: "get_weather" } }] });
    expect(bodies[1]?.messages).toMatchObject([
      { role: "user" },
      { role: "assistant", tool_calls: [{ id: "c1", function: { arguments: '{"city":"Hilo"}' } }] },
      { role: "tool", tool_call_id: "c1", content: '{"celsius": 27}' },
    ]);
    await page.context().close();
  });

  test("JSON grows as a tree, and is a table once it is complete", async () => {
    const json = '[{"item": "tea", "price": 2}, {"item": "milk", "price": 3}]';
    stage.upstream.scripts.set("rows", [json.slice(0, 41), 1500, json.slice(41)]);
    const { page, complaints } = await stage.open();
    await ask(page, "rows");
    const tree = page.locator(".json-tree");
    await tree.getByText("tea").waitFor();
    expect(await lastAnswer(page).getAttribute("data-status")).toBe("streaming");
    expect(await page.getByText("incomplete").count()).toBe(1);
    await done(page);
    await page.locator(".json-table").getByText("milk").waitFor();
    await page.getByRole("button", { name: "Text", exact: true }).click();
    expect(await page.locator(".json-view .code-name").first().textContent()).toBe('"item"');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("a malformed tool call shows no markup, complete or incomplete", async () => {
    const call = '[{"name": "get_weather", "arguments": {"city": ';
    for (const end of ["</TOOLCALL>", "</TOOL", ""]) {
      const question = `call ends with "${end}"`;
      stage.upstream.scripts.set(question, ["Hm. <TOOL", `CALL>${call}${end}`]);
      const { page } = await stage.open();
      await ask(page, question);
      await done(page);
      await page.getByText("its call cannot be read").waitFor();
      await page.getByText("Show what it wrote").click();
      const answer = await lastAnswer(page).textContent();
      expect(answer).toContain("get_weather");
      expect(answer).not.toMatch(/TOOL/);
      await page.context().close();
    }
  });

  test("token probabilities are shown as colour, with the other choices", async () => {
    const bytes = Buffer.from("sure");
    const top = [{ id: 2, text: "maybe", bytes: Buffer.from("maybe"), logprob: -1 }];
    const tokens = [{ id: 1, text: "sure", bytes, logprob: -2, top }];
    stage.upstream.scripts.set("odds?", [{ type: "text", text: "sure", tokens }]);
    const { page } = await stage.open();
    await page.getByLabel("Settings").click();
    await page.getByLabel("Ask for token probabilities").check();
    await page.getByLabel("Close settings").click();
    await ask(page, "odds?");
    await page.getByRole("button", { name: "Probabilities" }).click();
    expect(stage.upstream.requests.at(-1)?.topLogprobs).toBe(5);
    await page.locator(".token.level-5").hover();
    const detail = await page.locator(".token-detail").textContent();
    expect(detail).toContain("13.5 %");
    expect(detail).toContain("maybe");
    await page.context().close();
  });

  test("everything survives a reload, including pictures, and can be exported", async () => {
    const { page } = await stage.open();
    await page.setInputFiles("input[type=file]", await pngFile(64, 32));
    await page.getByLabel("Pictures and files to send").getByRole("listitem").waitFor();
    await ask(page, "keep me");
    await done(page);
    await page.reload();
    await page.locator(".question-pictures img[src^='blob:']").waitFor();
    expect(await page.locator(".question").textContent()).toContain("keep me");
    await page.locator(".conversation").hover();
    await page.getByLabel("Delete keep me").click();
    await page.getByText("Deleted “keep me”").waitFor();
    await expect.poll(() => page.locator(".conversation").count()).toBe(0);
    await page.getByRole("button", { name: "Undo" }).click();
    await page.locator(".question-pictures img").waitFor();
    await page.locator(".conversation").hover();
    await page.getByLabel("Rename keep me").click();
    await page.getByLabel("Name of the chat").fill("Kept");
    await page.keyboard.press("Enter");
    await page.locator(".conversation").hover();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByLabel("Export Kept as JSON").click(),
    ]);
    expect(file.suggestedFilename()).toBe("Kept.json");
    await page.getByText("Delete all chats").click();
    await page.getByText("Yes, delete").click();
    await page.getByText("All chats are deleted.").waitFor();
    await page.reload();
    await page.getByText("What shall we look at?").waitFor();
    await page.context().close();
  });
});
