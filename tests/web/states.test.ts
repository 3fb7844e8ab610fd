// Needs: ffmpeg.
// Every state of the page on three sizes of screens: nothing overflows, the composer leaves two
// thirds to the conversation, touch targets have 40 px, and axe-core finds nothing serious. With
// VIREO_SHOTS=folder it checks both themes and saves screenshots.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VireoError } from "../../src/core/errors.ts";
import { FileStore } from "../../src/files/store.ts";
import { type Engine, open } from "../../src/runtime/engine.ts";
import { findChromium, type Stage, setStage } from "./browser.ts";

const chromium = findChromium();
const MINI = new URL("../../models/mini", import.meta.url).pathname;
const SHOTS = process.env.VIREO_SHOTS;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const SCREENS = [
  { name: "1280", width: 1280, height: 800, theme: "light" },
  { name: "390", width: 390, height: 844, theme: "dark" },
  { name: "320", width: 320, height: 568, theme: "light" },
] as const;
/** Screenshots use both themes; checks use one theme for each screen size. */
const THEMES = ["light", "dark"] as const;

const TREE = {
  invoice: { number: "ZZK154", date: "18 Jun 2025", total: 1096.82, paid: false, note: null },
  parties: { vendor: "Thaisroutdrus Tools Ltd", customer: "Lopez Foods KG" },
};
const ROWS = [
  { label: "Sugar", quantity: 10, price: 52.7, amount: 527, bbox: [70, 270, 930, 330] },
  { label: "Folder", quantity: 10, price: 5.64, amount: 56.4, bbox: [70, 335, 930, 395] },
  { label: "Hammer", quantity: 11, price: 5.2, amount: 57.2, bbox: [70, 400, 930, 455] },
];
const CALL = '<TOOLCALL>[{"name": "get_weather", "arguments": {"city": </TOOLCALL>';

type Go = (page: Page) => Promise<unknown>;

const field = (page: Page) => page.getByRole("textbox", { name: "Question", exact: true });
const ask = async (page: Page, text: string, until = '[data-status="done"]'): Promise<void> => {
  await field(page).fill(text);
  await field(page).press("Enter");
  await page.locator(`.answer${until}`).last().waitFor();
};
const sample = (name: string) => async (page: Page) => {
  await page.getByLabel("Samples to start with").getByRole("button", { name }).click();
  await page.getByLabel("Pictures and files to send").getByText("token").first().waitFor();
};
const settings = (group: string) => async (page: Page) => {
  await page.getByLabel("Settings").first().click();
  const summary = page.locator("summary", { hasText: group });
  await summary.click();
  await summary.scrollIntoViewIfNeeded();
};

const STATES: readonly (readonly [name: string, go: Go])[] = [
  ["empty", async () => {}],
  ["picture", sample("Invoice")],
  ["pdf", sample("PDF")],
  [
    "pages",
    async (page) => {
      await sample("PDF")(page);
      await page.getByRole("button", { name: "Read document.pdf" }).first().click();
      await page.getByRole("img", { name: "Page 1 of document.pdf" }).waitFor();
    },
  ],
  [
    "video",
    async (page) => {
      await sample("Video")(page);
      await page.getByRole("button", { name: "Look into video.mp4" }).first().click();
      await page.getByRole("slider", { name: "Drop" }).waitFor();
    },
  ],
  ["streaming", (page) => ask(page, "stream", " .json-tree")],
  ["tree", (page) => ask(page, "tree")],
  ["table", (page) => ask(page, "table")],
  [
    "boxes",
    async (page) => {
      await sample("Invoice")(page);
      await ask(page, "boxes");
      await page.locator(".box").first().waitFor();
    },
  ],
  ["tools", settings("Tools")],
  ["call", (page) => ask(page, "call")],
  [
    "code",
    async (page) => {
      await sample("Invoice")(page);
      await page.getByLabel("As code").click();
      await page.getByRole("dialog").waitFor();
    },
  ],
  [
    "files",
    async (page) => {
      await page.goto("/#/files");
      await page.getByText("report.pdf").waitFor();
      await page.getByText("Limits").waitFor();
    },
  ],
  [
    "providers",
    async (page) => {
      await page.goto("/#/providers");
      await page.getByText("takes requests").first().waitFor();
    },
  ],
  ["settings", (page) => page.getByLabel("Settings").first().click()],
  [
    "chats",
    async (page) => {
      const sidebar = page.getByRole("navigation", { name: "Conversations" });
      if (!(await sidebar.isVisible())) await page.getByLabel("Chats").first().click();
      await sidebar.waitFor();
    },
  ],
  ["error", (page) => ask(page, "full", '[data-status="failed"]')],
];

/** Controls that are too small for touch: less than 40 px, and not hit 19 px from their centre. */
function missed(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const controls = "a[href], button, input:not([type=file]), select, textarea, summary";
    const top = document.querySelector("dialog[open]") ?? document.body;
    const inText = ".markdown p a, .markdown p .box-mark, .page-link, .skip-link, .note a";
    const shown = [...top.querySelectorAll<HTMLInputElement>(controls)].filter(
      (control) =>
        control.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
        !control.matches(inText),
    );
    const isSmall = (control: HTMLInputElement): boolean => {
      const target = control.labels?.[0] ?? control;
      const boxes = [control, target].map((element) => element.getBoundingClientRect());
      if (boxes.some(({ width, height }) => width >= 39.5 && height >= 39.5)) return false;
      const { x, y, width, height } = boxes[1]!;
      const points = [
        [-19, 0],
        [19, 0],
        [0, -19],
        [0, 19],
      ] as const;
      return !points.every(([right, down]) => {
        const hit = document.elementFromPoint(x + width / 2 + right, y + height / 2 + down);
        return hit !== null && target.contains(hit);
      });
    };
    return shown.filter(isSmall).map(({ outerHTML }) => outerHTML.slice(0, 160));
  });
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const { violations: found } = await axe.run();
    return found
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
  });
}

describe.skipIf(chromium === undefined)("every state of the page", () => {
  const folder = mkdtempSync(join(tmpdir(), "vireo-web-"));
  let engine: Engine;
  let stage: Stage;
  let files: FileStore;
  beforeAll(async () => {
    engine = await open(MINI, { cacheDir: false });
    const changes = { capabilities: engine.capabilities };
    const quotas = { quotaBytes: 1e9, tenantQuotaBytes: 1e9, ttlSeconds: 24 * 3600 };
    files = await FileStore.open({ folder, ...quotas });
    stage = await setStage(chromium!, undefined, changes, { files });
    const { scripts } = stage.upstream;
    const json = JSON.stringify(TREE);
    scripts.set("stream", [json.slice(0, 70), 200, json.slice(70, 150), 60_000, json.slice(150)]);
    scripts.set("tree", [json]);
    scripts.set("table", [JSON.stringify({ lines: ROWS.map(({ bbox: _, ...row }) => row) })]);
    scripts.set("boxes", [`\`\`\`json\n${JSON.stringify(ROWS)}\n\`\`\``]);
    scripts.set("call", [`Let me look. ${CALL}`]);
    scripts.set("full", [new VireoError("queue_full", "256 requests wait already")]);
    const form = new FormData();
    form.set("file", new File(["%PDF-1.4"], "report.pdf", { type: "application/pdf" }));
    await fetch(`${stage.url}/v1/files`, { method: "POST", body: form });
    if (SHOTS) mkdirSync(SHOTS, { recursive: true });
  }, 60_000);
  afterAll(async () => {
    await stage?.close();
    await engine?.close();
    await files?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each(STATES)("%s", (state, go) => {
    test.each(SCREENS)("$name px", async ({ name, width, height, theme: only }) => {
      for (const theme of SHOTS ? THEMES : [only]) {
        const { page, complaints } = await stage.open({ width, height, dark: theme === "dark" });
        await page.locator(".model-link", { hasText: "nemotron" }).waitFor();
        await go(page);
        await page.waitForTimeout(SHOTS ? 400 : 0);
        if (SHOTS) await page.screenshot({ path: `${SHOTS}/${state}-${name}-${theme}.png` });
        const found = await page.evaluate(() => {
          const { scrollWidth, clientWidth, clientHeight } = document.documentElement;
          const composer = document.querySelector(".composer")?.getBoundingClientRect();
          const covered = (clientHeight - (composer?.top ?? clientHeight)) / clientHeight;
          return { overflow: scrollWidth - clientWidth, covered };
        });
        expect(found.overflow, theme).toBe(0);
        expect(found.covered, theme).toBeLessThanOrEqual(1 / 3);
        if (width < 640) expect(await missed(page), theme).toEqual([]);
        expect(await violations(page), theme).toEqual([]);
        expect(complaints).toEqual([]);
        await page.context().close();
      }
    });
  });
});
