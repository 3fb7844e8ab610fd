// The page of uploaded files, usage and limits, and its messages about missing abilities.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FileStore } from "../../src/files/store.ts";
import { findChromium, type Stage, setStage } from "./browser.ts";

const chromium = findChromium();

describe.skipIf(chromium === undefined)("files, usage and abilities", () => {
  const folder = mkdtempSync(join(tmpdir(), "vireo-web-"));
  const quotas = { quotaBytes: 1e9, tenantQuotaBytes: 1e9, ttlSeconds: 24 * 3600 };
  let files: FileStore;
  let stage: Stage;
  let without: Stage;
  beforeAll(async () => {
    files = await FileStore.open({ folder, ...quotas });
    stage = await setStage(chromium!, undefined, {}, { files });
    without = await setStage(chromium!);
  });
  afterAll(async () => {
    await stage?.close();
    await without?.close();
    await files?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("files are listed with size and expiry, and deleted after a second press", async () => {
    const form = new FormData();
    const bytes = new Uint8Array(1500);
    form.set("file", new File([bytes], "report.pdf", { type: "application/pdf" }));
    await fetch(`${stage.url}/v1/files`, { method: "POST", body: form });
    const { page, complaints } = await stage.open();
    await page.getByRole("button", { name: "Files and usage" }).click();
    const row = page.getByLabel("Uploaded files").getByRole("listitem");
    await row.getByText(/1\.5 kB · uploaded .* · expires /).waitFor();
    await page.getByText("no limit").first().waitFor();
    await row.getByRole("button", { name: "Delete report.pdf" }).click();
    await row.getByRole("button", { name: "Keep" }).click();
    await row.getByRole("button", { name: "Delete report.pdf" }).click();
    await row.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("Deleted “report.pdf”.").waitFor();
    await page.getByText("There are none.").waitFor();
    expect(files.list("")).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test("a server that stores no files is reported as such", async () => {
    const { page } = await without.open();
    await page.goto("/#/files");
    await page.getByText("This server stores no files.").waitFor();
    await page.context().close();
  });

  test("a missing ability is reported when such a file is attached", async () => {
    const hint = "Install ffmpeg and start it again.";
    const { page } = await without.open({
      before: async (context) => {
        await context.route("**/v1/models", async (route) => {
          const response = await route.fetch();
          const body = (await response.json()) as { data: { abilities?: object }[] };
          for (const model of body.data) model.abilities = { video: { available: false, hint } };
          await route.fulfill({ response, json: body });
        });
      },
    });
    await page.getByLabel("Welcome").getByText(`This server cannot read videos. ${hint}`).waitFor();
    const file = { name: "clip.mp4", mimeType: "video/mp4", buffer: Buffer.from("x") };
    await page.setInputFiles("input[type=file]", file);
    await page.getByText(`clip.mp4 cannot be read. This server cannot read videos.`).waitFor();
    expect(await page.getByLabel("Pictures and files to send").count()).toBe(0);
    await page.context().close();
  });
});
