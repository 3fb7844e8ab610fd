import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium, type Stage, setStage, type Visit } from "./browser.ts";
import { pngFile } from "./files.ts";

// Names, landmarks and the keyboard. tests/web/states.test.ts runs axe-core, contrast included.

const chromium = findChromium();

/** Counts the visible controls and lists those without a name. */
function nameless(page: Page): Promise<{ readonly count: number; readonly without: string[] }> {
  return page.evaluate(() => {
    const controls = "a[href], button, input, select, textarea, summary, [tabindex], [role=button]";
    const shown = [...document.querySelectorAll<HTMLInputElement>(controls)].filter(
      (control) => control.checkVisibility({ visibilityProperty: true }) && control.tabIndex >= 0,
    );
    const nameOf = (control: HTMLInputElement): string => {
      const ids = control.getAttribute("aria-labelledby")?.split(" ") ?? [];
      const named = ids.map((id) => document.getElementById(id)?.textContent);
      const labels = [...(control.labels ?? [])].map((label) => label.textContent);
      const pictures = [...control.querySelectorAll("img")].map(({ alt }) => alt);
      const own = ["aria-label", "title"].map((attribute) => control.getAttribute(attribute));
      const text = control.tagName === "TEXTAREA" ? "" : control.textContent;
      return [...named, ...labels, ...pictures, ...own, text].join("").trim();
    };
    const without = shown.filter((control) => nameOf(control) === "");
    return {
      count: shown.length,
      without: without.map(({ outerHTML }) => outerHTML.slice(0, 200)),
    };
  });
}

/** Lists the visible controls that the Tab key does not reach. */
async function unreached(page: Page): Promise<string[]> {
  const total = await page.evaluate(() => {
    const controls = "a[href], button, input:not([type=file]), select, textarea, summary";
    const within = document.querySelector("[role=dialog], dialog[open]") ?? document.body;
    const all = [...within.querySelectorAll<HTMLInputElement>(controls)].filter(
      (control) => !control.disabled && control.checkVisibility({ visibilityProperty: true }),
    );
    // Tab reaches one radio button of a group; the arrow keys reach the others.
    const single = all.filter((control) => control.type !== "radio" || control.checked);
    for (const [index, control] of single.entries()) control.dataset.stop = String(index);
    return single.length;
  });
  const reached = new Set<string>();
  for (let press = 0; press < total * 2 + 10 && reached.size < total; press++) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const focused = document.activeElement;
      return focused instanceof HTMLElement ? focused.dataset.stop : undefined;
    });
    if (stop !== undefined) reached.add(stop);
  }
  return page.evaluate(
    (stops) => {
      const marked = [...document.querySelectorAll<HTMLElement>("[data-stop]")];
      const missed = marked.filter(({ dataset }) => !stops.includes(dataset.stop ?? ""));
      for (const element of marked) delete element.dataset.stop;
      return missed.map(({ outerHTML }) => outerHTML.slice(0, 200));
    },
    [...reached],
  );
}

describe.skipIf(chromium === undefined)("the page for everybody", () => {
  let stage: Stage;
  let visit: Visit;
  beforeAll(async () => {
    stage = await setStage(chromium!);
    visit = await stage.open();
    const field = visit.page.getByRole("textbox", { name: "Question", exact: true });
    await visit.page.setInputFiles("input[type=file]", await pngFile(700, 300));
    await field.fill("one");
    await field.press("Enter");
    await visit.page.locator('.answer[data-status="done"]').waitFor();
    await visit.page.setInputFiles("input[type=file]", await pngFile(70, 30));
    await visit.page.locator(".tile-grid, .estimate").first().waitFor();
  });
  afterAll(() => stage?.close());

  test("has a language, a title, landmarks, one heading and a region that speaks", async () => {
    const { page } = visit;
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
    expect(await page.title()).not.toBe("");
    for (const landmark of ["banner", "main", "navigation"] as const) {
      expect(await page.getByRole(landmark).count(), landmark).toBeGreaterThanOrEqual(1);
    }
    expect(await page.getByRole("main").count()).toBe(1);
    expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
    const live = page.locator("main").locator("[aria-live=polite], [role=log], [role=status]");
    expect(await live.count()).toBeGreaterThanOrEqual(1);
    expect(await page.locator("img:not([alt])").count()).toBe(0);
  });

  const PLACES: readonly (readonly [string, (page: Page) => Promise<unknown>])[] = [
    ["a chat", async () => {}],
    ["the settings", (page) => page.getByLabel("Settings").first().click()],
    ["the code", (page) => page.getByLabel("As code").click()],
  ];
  test.each(PLACES)("everything has a name and is reached by keyboard: %s", async (_, go) => {
    const { page } = visit;
    await go(page);
    const { count, without } = await nameless(page);
    expect(count).toBeGreaterThan(5);
    expect(without).toEqual([]);
    expect(await unreached(page)).toEqual([]);
    await page.keyboard.press("Escape");
  });
});
