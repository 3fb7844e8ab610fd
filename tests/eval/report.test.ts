// The report in a real browser: hostile answers are inert, and its filters find items.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDataset } from "../../src/eval/dataset.ts";
import { pagesFolder } from "../../src/eval/pages.ts";
import { writeReport } from "../../src/eval/run/report.ts";
import { recordRun } from "../../src/eval/run/run.ts";
import { summariseRun } from "../../src/eval/run/summary.ts";
import { findChromium } from "../web/browser.ts";

const ROOT = mkdtempSync(join(tmpdir(), "vireo-eval-report-"));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

const HOSTILE = [
  "</pre></details><script>document.title='owned'</script>" +
    "<img src=x onerror=document.title='owned'>",
  "\u001b[2J\u0000\u202eevil\u2066\u2028\ud800",
  '"><svg onload="document.title=1"><a href="javascript:alert(1)">x</a>',
  `<b>${"<script>alert(1)</script>".repeat(42_000)}`,
];

/** A run of the small DocVQA set whose answers are made from the position and the gold. */
async function makeRun(name: string, answerOf: (at: number, gold: string) => string) {
  const folder = join(ROOT, name);
  const data = pagesFolder("docvqa");
  const dataset = await openDataset("docvqa", data);
  await recordRun(folder, {
    settings: {
      benchmark: "docvqa",
      profile: "vlmevalkit",
      model: "<i>stub</i>",
      fingerprint: "1",
      reasoning: false,
      maxTokens: 100,
    },
    data,
    layout: dataset.layout,
    items: dataset.items,
    startedAt: "2026-01-01T00:00:00Z",
  });
  const lines: string[] = [];
  for await (const item of dataset.read({ media: false })) {
    const text = answerOf(lines.length, String(item.golds[0]));
    const tokens = { prompt: 10, completion: 2, cached: 0, visual: 5, reasoning: 0 };
    const times = { firstTokenMs: 1, totalMs: 20, attempts: 1 };
    const about = { key: item.id, id: item.id, promptHash: "", reasoning: text };
    lines.push(JSON.stringify({ ...about, text, finishReason: "stop", tokens, ...times }));
  }
  writeFileSync(join(folder, "answers.jsonl"), `${lines.join("\n")}\n`);
  return { folder, summary: await summariseRun(folder) };
}

const executablePath = findChromium();

describe.skipIf(executablePath === undefined)("the report of a run", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath!, args: ["--no-sandbox"] });
  });
  afterAll(() => browser?.close());

  async function open(path: string, width: number, dark: boolean) {
    const page = await browser.newPage({
      viewport: { width, height: 900 },
      colorScheme: dark ? "dark" : "light",
    });
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("request", (request) => {
      if (!/^(file|data):/.test(request.url())) complaints.push(request.url());
    });
    await page.goto(pathToFileURL(path).href);
    return { page, complaints };
  }
  const visible = (page: Page) => page.locator("details.item:visible").count();
  const overflow = (page: Page) => {
    return page.evaluate("document.documentElement.scrollWidth - innerWidth") as Promise<number>;
  };

  test("hostile answers are inert, and everything is on screen", { timeout: 60_000 }, async () => {
    const { folder, summary } = await makeRun("hostile", (at, gold) => HOSTILE[at] ?? gold);
    const { page, complaints } = await open(await writeReport(folder, summary), 390, true);
    await page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))");
    expect(await page.title()).toBe("docvqa");
    expect(await page.locator("script").count()).toBe(1);
    expect(await page.locator("a, [onload], [onerror]").count()).toBe(0);
    const text = await page.locator("main").innerText();
    expect(text).toContain("<script>document.title='owned'</script>");
    expect(text).toContain("\\x1b[2J\\x00\\u202eevil\\u2066\\u2028\\ud800");
    expect(text).toContain("more characters");
    expect(text).not.toMatch(/[\u202e\u2066]/);
    expect(await page.locator("summary img").count()).toBe(20);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("items are filtered by state, text and outcome", { timeout: 60_000 }, async () => {
    const a = await makeRun("a", (at, gold) => (at < 5 ? "zzzzzzzz" : gold));
    const b = await makeRun("b", (at, gold) => (at >= 18 ? "zzzzzzzz" : gold));
    const alone = await open(await writeReport(a.folder, a.summary), 1200, false);
    expect(await visible(alone.page)).toBe(20);
    await alone.page.selectOption("select[data-by=state]", "wrong");
    expect(await visible(alone.page)).toBe(5);
    await alone.page.fill("input[type=search]", "no such words");
    expect(await visible(alone.page)).toBe(0);
    const path = await writeReport(a.folder, a.summary, b.folder);
    const { page, complaints } = await open(path, 1200, false);
    await page.selectOption("select[data-by=outcome]", "A right, B wrong");
    expect(await visible(page)).toBe(2);
    await page.selectOption("select[data-by=outcome]", "A wrong, B right");
    expect(await visible(page)).toBe(5);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
  });
});
