import type { Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium, type Stage, setStage } from "./browser.ts";
import { pngFile } from "./files.ts";

const chromium = findChromium();

describe.skipIf(chromium === undefined)("the page in the browser", () => {
  let stage: Stage;
  let locked: Stage;
  beforeAll(async () => {
    stage = await setStage(chromium!);
    locked = await setStage(chromium!, "sk-right");
  });
  afterAll(async () => {
    await stage?.close();
    await locked?.close();
  });

  const field = (page: Page) => page.getByRole("textbox", { name: "Question", exact: true });
  const ask = async (page: Page, text: string): Promise<void> => {
    await field(page).fill(text);
    await field(page).press("Enter");
    await page.locator('.answer[data-status="done"]').last().waitFor();
  };
  const tray = (page: Page) => page.getByLabel("Pictures and files to send").getByRole("listitem");

  test("pictures show their tiles and their cost before they are sent", async () => {
    const { page, complaints } = await stage.open();
    await page.setInputFiles("input[type=file]", [
      await pngFile(1920, 1080, "wide.png"),
      await pngFile(512, 512, "small.png"),
    ]);
    await page.getByText("4 × 2 tiles + overview · 2,304 tokens").waitFor();
    await page.getByText("1 tile · 256 tokens").waitFor();
    const grid = page.locator(".tile-grid").first();
    expect(await grid.getAttribute("data-columns")).toBe("4");
    expect(await page.locator(".estimate").textContent()).toContain("2,560 pictures");
    expect(await page.locator(".estimate").textContent()).toContain("of 131,072 left");
    await page.getByLabel("Leave out wide.png").click();
    await page.getByText("276 tokens").waitFor();
    await ask(page, "what is it?");
    const content = stage.upstream.requests.at(-1)?.messages.at(-1)?.content;
    expect(content).toMatchObject([{ type: "image" }, { type: "text", text: "what is it?" }]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("a sample is shown, and put before its question", async () => {
    const { page, complaints } = await stage.open();
    const samples = page.getByLabel("Samples to start with").getByRole("button");
    const widths = await samples.getByRole("presentation").evaluateAll((pictures) => {
      const decoded = pictures.map(async (picture) => {
        await (picture as HTMLImageElement).decode();
        return (picture as HTMLImageElement).naturalWidth;
      });
      return Promise.all(decoded);
    });
    expect(widths.every((width) => width >= 500)).toBe(true);
    expect(widths).toHaveLength(6);
    await samples.first().click();
    await page.getByText("1 tile · 256 tokens").waitFor();
    expect(await field(page).inputValue()).toContain("Return JSON with the keys vendor, date");
    // Attachments replace the greeting, which returns without them.
    expect(await page.getByLabel("Welcome").count()).toBe(0);
    await page.getByLabel("Leave out invoice.png").click();
    await page.getByLabel("Welcome").waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("pictures are dropped and pasted; other files are refused with a notice", async () => {
    const { page } = await stage.open();
    const { buffer } = await pngFile(8, 8);
    for (const type of ["drop", "paste"]) {
      await page.evaluate(
        ([kind, base64]) => {
          const bytes = Uint8Array.from(atob(base64!), (letter) => letter.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], `${kind}.png`, { type: "image/png" }));
          const options = { bubbles: true, cancelable: true };
          document.body.dispatchEvent(
            kind === "drop"
              ? new DragEvent("drop", { ...options, dataTransfer: data })
              : new ClipboardEvent("paste", { ...options, clipboardData: data }),
          );
        },
        [type, buffer.toString("base64")],
      );
      await page.getByLabel(`Leave out ${type}.png`).waitFor();
    }
    const text = { name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("a") };
    await page.setInputFiles("input[type=file]", text);
    await page.getByText("a.txt is no PNG, JPEG").waitFor();
    const damaged = { name: "b.png", mimeType: "image/png", buffer: Buffer.from("b") };
    await page.setInputFiles("input[type=file]", damaged);
    await page.getByText("b.png is damaged").waitFor();
    expect(await tray(page).count()).toBe(2);
    await page.context().close();
  });

  test.each([
    "jpeg",
    "png",
    "webp",
  ] as const)("a %s with an EXIF turn is shown upright", async (type) => {
    const { page } = await stage.open();
    // Stored: red on the left, blue on the right. Upright: red above blue.
    const create = { width: 60, height: 20, channels: 3, background: "#00f" } as const;
    const red = { create: { width: 30, height: 20, channels: 3, background: "#f00" } } as const;
    const buffer = await sharp({ create })
      .composite([{ input: red, left: 0, top: 0 }])
      .withMetadata({ orientation: 6 })
      .toFormat(type)
      .toBuffer();
    await page.setInputFiles("input[type=file]", { name: "a", mimeType: `image/${type}`, buffer });
    const picture = tray(page).locator("img");
    await picture.waitFor();
    expect(await picture.getAttribute("width")).toBe("20");
    const upright = await picture.evaluate(async (image: HTMLImageElement) => {
      await image.decode();
      const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
      const context = canvas.getContext("2d");
      context?.drawImage(image, 0, 0);
      const top = context?.getImageData(10, 10, 1, 1).data ?? [];
      return { size: [canvas.width, canvas.height], isRed: (top[0] ?? 0) > 200 };
    });
    expect(upright).toEqual({ size: [20, 60], isRed: true });
    await page.context().close();
  });

  test("a request that does not fit is reported before it is sent", async () => {
    const { page } = await stage.open();
    await field(page).fill("x".repeat(140_000));
    await page.getByText(/more than the context holds/).waitFor();
    await page.getByLabel("Settings").click();
    await page.getByLabel("Temperature").fill("3");
    await page.getByText("Temperature must be at most 2.").first().waitFor();
    expect(await page.getByRole("button", { name: "Send" }).isDisabled()).toBe(true);
    await page.context().close();
  });

  test("a server without estimates is asked once, without a notice", async () => {
    const { page } = await stage.open();
    let asked = 0;
    await page.route("**/v1/estimate", (route) => {
      asked += 1;
      return route.fulfill({ status: 404, json: { error: { message: "there is nothing" } } });
    });
    await field(page).fill("one");
    await expect.poll(() => asked).toBe(1);
    await ask(page, "two");
    expect(asked).toBe(1);
    expect(await page.locator(".estimate, .estimate-warning").count()).toBe(0);
    await page.context().close();
  });

  test("boxes are drawn on the picture, and text and box are highlighted together", async () => {
    const answer =
      '```json\n[{"label": "bird", "bbox": [100, 200, 500, 600]}]\n```\nAt [0,0,50,60].';
    stage.upstream.scripts.set("where?", [answer]);
    const { page } = await stage.open();
    await page.setInputFiles("input[type=file]", await pngFile(200, 100));
    await tray(page).waitFor();
    await ask(page, "where?");
    const rect = page.locator(".box rect:not(.box-under)").first();
    const place = ["x", "y", "width", "height"].map((name) => rect.getAttribute(name));
    expect(await Promise.all(place)).toEqual(["20", "20", "80", "40"]);
    expect(await page.locator(".box").count()).toBe(2);
    await page.locator(".json-table .box-mark").hover();
    await page.locator('.box[data-pointed="true"] text', { hasText: "bird" }).waitFor();
    await page.locator(".markdown p .box-mark").hover();
    await expect.poll(() => page.locator(".box").nth(1).getAttribute("data-pointed")).toBe("true");
    await page.context().close();
  });

  test("JSON is a table, a tree and a text", async () => {
    stage.upstream.scripts.set("lines", [
      '{"lines": [{"item": "tea", ',
      '"price": 2}, {"item": "a,b"}]}',
    ]);
    const { page, context } = await stage.open();
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await ask(page, "lines");
    expect(await page.locator(".json-table th").allTextContents()).toEqual(["item", "price"]);
    await page.getByLabel("Copy table as CSV").click();
    await page.getByText("Copied").first().waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.replaceAll("\r", "")).toBe('item,price\ntea,2\n"a,b",');
    await page.getByRole("button", { name: "Tree" }).click();
    expect(await page.locator(".json-tree").textContent()).toContain("tea");
    await page.getByRole("button", { name: "Text", exact: true }).click();
    expect(await page.locator(".json-view pre").textContent()).toContain('{"lines"');
    await context.close();
  });

  test("a model's answer never runs scripts and never loads anything", async () => {
    const outside: string[] = [];
    const { page, complaints } = await stage.open({
      before: async (context) => {
        await context.route(/attacker/, (route) => {
          outside.push(route.request().url());
          return route.abort();
        });
      },
    });
    stage.upstream.scripts.set("attack", [
      '<img src=x onerror="window.hit=1"><script>window.hit=1</script>\n\n',
      "![pixel](https://attacker.example/p.png)\n\n[a](javascript:window.hit=1) ",
      "[b](JaVaScRiPt:window.hit=1) [c](data:text/html,x) [d](//attacker.example) ",
      "[ok](https://attacker.example/ok)\n\n<svg onload=window.hit=1>\n\n",
      '<iframe src="https://attacker.example"></iframe>\n\n',
      '```html\n<script>window.hit=1</script>\n```\n\n```json\n{"__proto__": {"hit": 1}}\n```',
    ]);
    await ask(page, "attack");
    expect(await page.evaluate(() => (globalThis as { hit?: number }).hit)).toBeUndefined();
    const answer = page.locator(".answer");
    expect(await answer.locator("img, script, iframe, svg:not(.icon)").count()).toBe(0);
    expect(await answer.locator(".inert-image").textContent()).toBe("pixel");
    const links = answer.locator("a[href]");
    expect(await links.count()).toBe(1);
    expect(await links.getAttribute("rel")).toContain("noopener");
    expect(outside).toEqual([]);
    expect(complaints).toEqual([]);
    // The content policy would block even injected code.
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.hit = 1";
      document.body.append(script);
    });
    expect(await page.evaluate(() => (globalThis as { hit?: number }).hit)).toBeUndefined();
    expect(complaints.join()).toContain("Content Security Policy");
    await page.context().close();
  });

  test("all of it can be reached by keyboard", async () => {
    const { page } = await stage.open();
    await field(page).waitFor();
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => document.activeElement?.textContent);
    expect(focused).toBe("Skip to the question");
    await page.keyboard.press("Enter");
    await page.keyboard.type("one");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("two");
    await expect.poll(() => field(page).inputValue()).toBe("one\ntwo");
    await page.keyboard.press("Enter");
    await page.locator('.answer[data-status="done"]').waitFor();
    await page.keyboard.press("Control+k");
    await page.getByText("What shall we look at?").waitFor();
    await page.keyboard.type("in the field");
    await expect.poll(() => field(page).inputValue()).toBe("in the field");
    await page.getByLabel("As code").press("Enter");
    await page.getByRole("dialog").getByText("chat/completions").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.context().close();
  });

  test("fits a phone, with its panels over the page", async () => {
    const { page } = await stage.open({ width: 360, height: 640 });
    const overflow = () =>
      page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
    expect(await overflow()).toBe(0);
    stage.upstream.scripts.set("wide", [
      `${"w".repeat(300)}\n\n|a|b|\n|-|-|\n|${"c".repeat(99)}|d|`,
    ]);
    await page.setInputFiles("input[type=file]", await pngFile(1920, 1080));
    await page.locator(".tile-grid").first().waitFor();
    expect(await overflow()).toBe(0);
    await ask(page, "wide");
    expect(await overflow()).toBe(0);
    await page.getByLabel("Chats").click();
    await page.getByRole("dialog", { name: "Chats" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByLabel("Settings").click();
    await page.getByRole("dialog", { name: "Settings" }).waitFor();
    expect(await overflow()).toBe(0);
    await page.context().close();
  });

  test("asks for a key, stores it for the tab, and never writes it into code", async () => {
    const { page } = await locked.open();
    await page.getByRole("dialog", { name: "API key" }).waitFor();
    await page.getByLabel("Key", { exact: true }).fill("sk-right");
    await page.keyboard.press("Enter");
    await page.getByText("nemotron-nano-12b-v2-vl").first().waitFor();
    await ask(page, "hello there");
    await page.getByLabel("As code").click();
    for (const language of ["curl", "Python", "JavaScript", "AI SDK"]) {
      await page.getByRole("button", { name: language }).click();
      const code = (await page.getByRole("dialog").locator("pre").textContent()) ?? "";
      expect(code).toContain("hello there");
      expect(code).toContain("VIREO_API_KEY");
      expect(code).not.toContain("sk-right");
    }
    const kept = await page.evaluate(() => [{ ...localStorage }, { ...sessionStorage }]);
    expect(JSON.stringify(kept[0])).not.toContain("sk-right");
    expect(JSON.stringify(kept[1])).toContain("sk-right");
    await page.context().close();
  });

  test("the model page describes the model, and the theme can be chosen", async () => {
    const { page } = await stage.open({ dark: true });
    const scheme = () =>
      page.evaluate(() => getComputedStyle(document.body).getPropertyValue("background-color"));
    const dark = await scheme();
    await page.getByLabel(/Theme: auto/).click();
    await expect.poll(scheme).not.toBe(dark);
    await page.reload();
    await page.getByLabel(/Theme: light/).waitFor();
    await page.getByText("nemotron-nano-12b-v2-vl").first().click();
    await page.getByText("131,072 tokens").first().waitFor();
    await page.getByText("arXiv 2511.03929").waitFor();
    await page.context().close();
  });
});
