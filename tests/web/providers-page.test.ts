// The page of providers: health, speed and errors by provider, renewed while it is open.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VireoError } from "../../src/core/errors.ts";
import { parsePrice } from "../../src/core/prices.ts";
import { Router } from "../../src/routing/router.ts";
import { endpoint, route, type ScriptedProvider, scripted } from "../routing/scripted-provider.ts";
import { findChromium, type Stage, setStage } from "./browser.ts";

const chromium = findChromium();
const PRICES = { prompt: parsePrice("0.0000002", "p"), completion: parsePrice("0.0000006", "c") };
const FAILURE = new VireoError("upstream_unavailable", "down", {
  attempt: {
    provider: "?",
    fault: "status",
    status: 500,
    callerFault: false,
    delivered: false,
    ms: 1,
  },
});

describe.skipIf(chromium === undefined)("providers", () => {
  let stage: Stage;
  let failing: ScriptedProvider;
  beforeAll(async () => {
    failing = scripted("cluster", [[FAILURE]]);
    const routes = [route([endpoint(failing), endpoint(scripted("hosted"), { prices: PRICES })])];
    const breaker = { failures: 1, openMs: 60_000, maxOpenMs: 60_000 };
    const upstream = new Router({ routes: () => routes, breaker });
    stage = await setStage(chromium!, undefined, {}, { upstream });
  });
  afterAll(() => stage?.close());

  test.each([1280, 320])("show what happens to them, %s px wide", async (width) => {
    const { page, complaints } = await stage.open({ width, dark: width === 320 });
    await page.goto("/#/providers");
    const cluster = page.locator(".provider", { hasText: "cluster" });
    const hosted = page.locator(".provider", { hasText: "hosted" });
    await hosted.getByText("takes requests").waitFor();
    await hosted.getByText("$0.2 in, $0.6 out").waitFor();
    await fetch(`${stage.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hi" }] }),
    });
    await cluster.getByText("left alone after failures").waitFor();
    await cluster.getByText(/upstream_unavailable, .* ago/).waitFor();
    await hosted.getByText("100 %").waitFor();
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
