// Videos and documents on the page: attached, inspected, sent, and referred to by answers.

import { mkdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, open } from "../../src/runtime/engine.ts";
import { pdf, tiff } from "../fixtures/pdf-files.ts";
import { ffmpeg, mp4, pattern } from "../fixtures/video-files.ts";
import { findChromium, type Stage, setStage } from "./browser.ts";
import type { FileToSet } from "./files.ts";

const chromium = findChromium();
const MINI = new URL("../../models/mini", import.meta.url).pathname;
const SHOTS = process.env.VIREO_SHOTS;

describe.skipIf(chromium === undefined)("videos and documents on the page", () => {
  let engine: Engine;
  let stage: Stage;
  beforeAll(async () => {
    engine = await open(MINI, { cacheDir: false });
    stage = await setStage(chromium!, undefined, {
      capabilities: engine.capabilities,
    });
    if (SHOTS) mkdirSync(SHOTS, { recursive: true });
  }, 60_000);
  afterAll(async () => {
    await stage?.close();
    await engine?.close();
  });

  const clip = (): FileToSet => {
    return { name: "clip.mp4", mimeType: "video/mp4", buffer: mp4("320x240", 10, 2) };
  };
  const contract = (): FileToSet => ({
    name: "contract.pdf",
    mimeType: "application/pdf",
    buffer: pdf(Array.from({ length: 6 }, (_, at) => ({ lines: [`This is sheet ${at + 1}`] }))),
  });
  const attach = (page: Page, ...files: FileToSet[]) => {
    return page.setInputFiles("input[type=file]", files);
  };
  const ask = async (page: Page, text: string): Promise<void> => {
    const field = page.getByRole("textbox", { name: "Question", exact: true });
    await field.fill(text);
    await field.press("Enter");
    await page.locator('.answer[data-status="done"]').last().waitFor();
  };
  const shot = async (page: Page, name: string): Promise<void> => {
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}.png` });
  };
  const overflow = (page: Page) =>
    page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
  const prunedOf = async (page: Page): Promise<number[]> => {
    const overlays = await page.locator(".frame svg").all();
    const counts = overlays.map(async (svg) => Number(await svg.getAttribute("data-pruned")));
    return Promise.all(counts);
  };

  test.each([
    ["light", { width: 1200, height: 900 }],
    ["dark", { width: 390, height: 844, dark: true }],
  ])("a video is looked into, pruned and sent (%s)", async (theme, options) => {
    const { page, complaints } = await stage.open(options);
    await attach(page, clip());
    await page.getByText(/^0:02 · [\d,]+ tokens$/).waitFor();
    expect(await page.locator(".estimate").textContent()).toContain("1,024 videos");
    await shot(page, `tray-${theme}`);
    await page.getByRole("button", { name: "Look into clip.mp4" }).click();
    const dialog = page.getByRole("dialog", { name: "clip.mp4" });
    const slider = dialog.getByRole("slider", { name: "Drop" });
    await slider.waitFor();
    expect(await dialog.getByRole("button", { name: /^Frame 1 at 0.00 s/ }).count()).toBe(1);
    expect(await prunedOf(page)).toEqual([0, 0, 0, 0]);
    await slider.focus();
    await slider.fill("0.5");
    await page.keyboard.press("ArrowRight");
    expect(await slider.inputValue()).toBe("0.51");
    await page.keyboard.press("ArrowLeft");
    expect(await slider.getAttribute("aria-valuetext")).toBe("50 %: 512 of 1,024 tokens kept");
    const [first, ...others] = await prunedOf(page);
    expect(first).toBe(0);
    expect(others.reduce((sum, count) => sum + count, 0)).toBe(512);
    expect(await page.locator(".frame path").nth(1).getAttribute("d")).toMatch(/^M\d+ \d+h/);
    await shot(page, `video-${theme}`);
    expect(await overflow(page)).toBe(0);
    await page.keyboard.press("End");
    expect(await slider.inputValue()).toBe("0.95");
    await dialog.getByText("256 of 1,024 tokens kept").waitFor();
    await page.locator(".frame").first().focus();
    await page.keyboard.press("ArrowRight");
    const second = dialog.getByRole("button", { name: /^Frame 2/ });
    expect(await second.getAttribute("aria-current")).toBe("true");
    await expect
      .poll(() => dialog.locator("video").evaluate((video: HTMLVideoElement) => video.currentTime))
      .toBeGreaterThan(0.3);
    await page.keyboard.press("Escape");
    await page.getByText(/256 videos/).waitFor();
    await ask(page, "what happens?");
    const request = stage.upstream.requests.at(-1);
    expect(request).toMatchObject({ videoPruningRate: 0.95 });
    const content = request?.messages.at(-1)?.content;
    expect(content).toMatchObject([{ type: "video" }, { type: "text", text: "what happens?" }]);
    await shot(page, `asked-${theme}`);
    await page.reload();
    await page.getByRole("button", { name: "Look into clip.mp4" }).click();
    await dialog.locator("video").waitFor();
    await slider.waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("the server shows files that the browser cannot play or open", async () => {
    const { page } = await stage.open({
      before: async (context) => {
        await context.route("**/v1/models", async (route) => {
          const response = await route.fetch();
          await setTimeout(1500); // files that are attached meanwhile wait for it
          const body = (await response.json()) as { data: Record<string, unknown>[] };
          for (const model of body.data) {
            model.pricing = { prompt: "0.001", completion: "0" };
            model.video_pruning_rate = 0.33;
          }
          await route.fulfill({ response, json: body });
        });
      },
    });
    const flv = ffmpeg(`${pattern("96x64", 10, 1)} -c:v flv1`, "flv");
    const scan = tiff([
      { width: 60, height: 80, gray: 90 },
      { width: 60, height: 80, gray: 200 },
    ]);
    const gif = ffmpeg(pattern("96x64", 5, 1), "gif");
    await attach(
      page,
      { name: "old.flv", mimeType: "", buffer: flv },
      { name: "scan.tiff", mimeType: "image/tiff", buffer: scan },
      { name: "moving.gif", mimeType: "image/gif", buffer: gif },
    );
    const tray = page.getByLabel("Pictures and files to send");
    await page.getByText(/^Opening (old.flv|scan.tiff|moving.gif)…$/).waitFor();
    const patience = { timeout: 25_000 }; // the server draws three files one after the other
    await tray.getByText(/^2 pages · /).waitFor(patience);
    await tray.getByText(/^0:01 · /).waitFor(patience);
    await tray.getByText(/^Video · /).waitFor(patience);
    expect(await tray.locator(".file-blank").count()).toBe(0);
    await page.getByRole("button", { name: "Look into old.flv" }).click();
    await page.getByText("This browser cannot play it").waitFor();
    // The slider starts at the rate of the server.
    await page.getByText(/^33 % 343 of 512 tokens kept · \$0.34$/).waitFor();
    await page.locator(".frame").first().waitFor();
    await page.keyboard.press("Escape");
    const broken = { name: "bad.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-x") };
    await attach(page, broken);
    await page.getByText(/the PDF cannot be read/).waitFor();
    await page.getByLabel("Leave out scan.tiff").click();
    expect(await tray.getByRole("listitem").count()).toBe(2);
    await page.context().close();
  });

  test("files that are too large are refused with a word", async () => {
    const { page } = await stage.open();
    await page.evaluate(() => {
      const data = new DataTransfer();
      const bytes = new Uint8Array(45 * 1024 * 1024 + 1);
      data.items.add(new File([bytes], "film.mkv", { type: "" }));
      const options = { bubbles: true, cancelable: true, dataTransfer: data };
      document.body.dispatchEvent(new DragEvent("drop", options));
    });
    await page.getByText("film.mkv is larger than 45 MB").waitFor();
    await page.context().close();
  });

  test.each([
    ["light", { width: 1200, height: 900 }],
    ["dark", { width: 390, height: 844, dark: true }],
  ])("a document is read, and answers point at its pages (%s)", async (theme, options) => {
    const words =
      'It is on page 5:\n\n```json\n[{"label": "sum", "bbox": [100, 100, 500, 200]}]\n```';
    stage.upstream.scripts.set("where?", [`${words}\n\nSee page 2 and page 99.`]);
    const { page, complaints } = await stage.open(options);
    await attach(page, contract());
    await page.getByText(/^6 pages · [\d,]+ tokens$/).waitFor();
    await page.getByRole("button", { name: "Read contract.pdf" }).click();
    const dialog = page.getByRole("dialog", { name: "contract.pdf" });
    await dialog.getByRole("img", { name: "Page 1 of contract.pdf" }).waitFor();
    await dialog.getByRole("button", { name: "Next page" }).click();
    await dialog.getByRole("img", { name: "Page 2 of contract.pdf" }).waitFor();
    await dialog.getByText("Text of this page").click();
    await dialog.getByText("This is sheet 2").waitFor();
    await shot(page, `page-${theme}`);
    expect(await overflow(page)).toBe(0);
    await page.keyboard.press("Escape");
    await ask(page, "where?");
    const content = stage.upstream.requests.at(-1)?.messages.at(-1)?.content;
    expect(content).toMatchObject([{ type: "document" }, { type: "text" }]);
    await page.getByRole("img", { name: "Page 5 of contract.pdf" }).waitFor();
    const rect = page.locator(".page-picture .box rect:not(.box-under)");
    expect(Number(await rect.getAttribute("width"))).toBeGreaterThan(0);
    await shot(page, `boxes-${theme}`);
    expect(await overflow(page)).toBe(0);
    const links = page.locator(".page-link");
    expect(await links.allTextContents()).toEqual(["page 5", "page 2"]);
    await links.nth(1).click();
    await dialog.getByRole("img", { name: "Page 2 of contract.pdf" }).waitFor();
    expect(await dialog.locator(".box").count()).toBe(1);
    await page.keyboard.press("Escape");
    await page.reload();
    await page.getByRole("button", { name: "Read contract.pdf" }).waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("a server without inspection is reported as such, and the file is still sent", async () => {
    const { page } = await stage.open();
    await page.route("**/v1/inspect/*", (route) => {
      return route.fulfill({ status: 501, json: { error: { message: "it shows nothing" } } });
    });
    await attach(page, contract(), clip());
    await page.getByText(/^Document · /).waitFor();
    await page.getByRole("button", { name: "Look into clip.mp4" }).click();
    await page.getByText("it shows nothing").waitFor();
    await page.keyboard.press("Escape");
    await ask(page, "all the same");
    const content = stage.upstream.requests.at(-1)?.messages.at(-1)?.content;
    expect(content).toMatchObject([{ type: "document" }, { type: "video" }, { type: "text" }]);
    await page.context().close();
  });
});
