// Texts of strangers in the playground and in reports: nothing runs, nothing is loaded.

import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VireoError } from "../../src/core/errors.ts";
import { REPORT_END, reportDocument, reportFailure, reportHead } from "../../src/extract/report.ts";
import { MARKDOWN, MARKUP } from "../fixtures/payloads.ts";
import { findChromium, type Stage, setStage } from "./browser.ts";
import { pngFile } from "./files.ts";
import { MODEL, type Script } from "./scripted-upstream.ts";

const chromium = findChromium();
const PAYLOADS = Object.entries({ ...MARKUP, ...MARKDOWN });
const COMPLETIONS = "**/v1/chat/completions";

/** Records and stops all requests to other hosts. */
async function watch(context: BrowserContext, outside: string[]): Promise<void> {
  await context.route(/attacker/, (route) => {
    outside.push(route.request().url());
    return route.abort();
  });
}

/** Elements and attributes of the page that would run or load something. */
function findActive(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const ELEMENTS =
      "script, iframe, object, embed, base, math, animate, meta[http-equiv], link, template";
    const ADDRESSES = ["href", "src", "srcset", "action", "formaction", "poster", "data", "srcdoc"];
    const found = [...document.body.querySelectorAll(ELEMENTS)].map(({ outerHTML }) => outerHTML);
    for (const element of document.body.querySelectorAll("*")) {
      for (const { name, value } of element.attributes) {
        const isLink = name === "href" && /^https:\/\//.test(value);
        const isActive = /^\s*(javascript|vbscript|data:text)|attacker/i.test(value);
        if (name.startsWith("on")) found.push(element.outerHTML);
        else if (ADDRESSES.includes(name) && isActive && !isLink) found.push(element.outerHTML);
      }
    }
    if ("hit" in globalThis) found.push("window.hit is set");
    return found;
  });
}

describe.skipIf(chromium === undefined)("hostile content", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage(chromium!);
  });
  afterAll(() => stage?.close());

  const ask = async (page: Page, text: string, status = "done"): Promise<void> => {
    const answers = page.locator(`.answer[data-status="${status}"]`);
    const before = await answers.count();
    const field = page.getByRole("textbox", { name: "Question", exact: true });
    await field.fill(text);
    await field.press("Enter");
    await answers.nth(before).waitFor();
  };

  /** Opens the page, does something with each payload, and looks at the page after each. */
  async function expectInert(act: (page: Page, payload: string, at: number) => Promise<void>) {
    const outside: string[] = [];
    const before = (context: BrowserContext) => watch(context, outside);
    const { page, complaints } = await stage.open({ before });
    for (const [at, [name, payload]] of PAYLOADS.entries()) {
      await act(page, payload, at);
      expect(await findActive(page), name).toEqual([]);
    }
    expect(outside).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  }

  test.each<readonly [string, (payload: string) => Script]>([
    ["an answer", (payload) => [payload]],
    ["an answer in pieces", (payload) => payload.match(/.{1,7}/gs) ?? []],
    ["reasoning", (payload) => [{ type: "reasoning", text: payload }, "x"]],
    ["JSON", (payload) => [JSON.stringify([{ [payload]: payload, b: { [payload]: [payload] } }])]],
  ])("is text in %s", { timeout: 120_000 }, async (place, scriptOf) => {
    await expectInert(async (page, payload, at) => {
      stage.upstream.scripts.set(`${place} ${at}`, scriptOf(payload));
      await ask(page, `${place} ${at}`);
    });
  });

  test("is text in a question", { timeout: 120_000 }, async () => {
    await expectInert(async (page, payload) => {
      stage.upstream.scripts.set(payload, ["x"]);
      await ask(page, payload);
    });
  });

  test("is text in an error", { timeout: 120_000 }, async () => {
    await expectInert(async (page, payload, at) => {
      stage.upstream.scripts.set(`error ${at}`, [new VireoError("queue_full", payload)]);
      await ask(page, `error ${at}`, "failed");
    });
  });

  test("is text in the name of a file", { timeout: 120_000 }, async () => {
    await expectInert(async (page, payload) => {
      await page.setInputFiles("input[type=file]", await pngFile(64, 64, `${payload}.png`));
      await page.getByLabel("Pictures and files to send").getByRole("listitem").first().waitFor();
      await ask(page, "what is it?");
    });
  });

  test("is text in a tool call", { timeout: 120_000 }, async () => {
    await expectInert(async (page, payload) => {
      await page.route(COMPLETIONS, (route) => {
        const call = { name: payload, arguments: JSON.stringify({ [payload]: payload }) };
        const choices = [
          { delta: { tool_calls: [{ index: 0, id: payload, function: call }] } },
          { delta: {}, finish_reason: "tool_calls" },
        ];
        const events = choices.map(
          (choice) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`,
        );
        const body = `${events.join("")}data: [DONE]\n\n`;
        return route.fulfill({ contentType: "text/event-stream", body });
      });
      await page.goto("/");
      const field = page.getByRole("textbox", { name: "Question", exact: true });
      await field.fill("call");
      await field.press("Enter");
      await page.locator(".tool-calls").last().waitFor();
      await page.unroute(COMPLETIONS);
    });
  });

  test("is text in the report of an extraction", { timeout: 60_000 }, async () => {
    const outside: string[] = [];
    const context = await stage.browser.newContext();
    await watch(context, outside);
    const page = await context.newPage();
    for (const [name, payload] of PAYLOADS) {
      const box = [0.1, 0.1, 0.2, 0.2] as const;
      const value = {
        path: `/${payload}`,
        value: payload,
        page: 1,
        verdict: "verified",
        box,
      } as const;
      const section = reportDocument(
        payload,
        {
          data: { [payload]: payload },
          values: [value],
          conflicts: [{ path: `/${payload}`, page: 2, value: payload }],
          pages: [{ page: 1, value: payload, text: payload, finish: "stop" }],
          failedPages: [{ page: 2, reason: payload }],
          undrawn: [],
          totalPages: 2,
          model: MODEL,
        } as unknown as Parameters<typeof reportDocument>[1],
        new Map([[1, Buffer.from(payload)]]),
      );
      const html = reportHead(payload) + section + reportFailure(payload, payload) + REPORT_END;
      await page.setContent(html);
      expect(await findActive(page), name).toEqual([]);
      expect(await page.locator("h2").first().textContent(), name).toBe(payload);
    }
    expect(outside).toEqual([]);
    await page.setContent(`<p>${MARKUP["picture with a handler"]}</p>`);
    expect(await findActive(page), "the search finds what is not escaped").not.toEqual([]);
    await context.close();
  });
});
