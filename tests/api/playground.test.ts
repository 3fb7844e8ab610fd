import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { createApp } from "../../src/server/app.ts";
import { createFakeUpstream } from "./fake-upstream.ts";

const app = createApp({ upstream: createFakeUpstream(), log: silentLog, apiKey: "sk-right" });

describe("the playground", () => {
  test.each([
    ["/", "text/html", "<title>vireo</title>"],
    ["/playground.css", "text/css", "color-scheme"],
    ["/playground.js", "text/javascript", "v1/chat/completions"],
  ])("%s is served without a key", async (path, type, part) => {
    const response = await app.request(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain(type);
    expect(await response.text()).toContain(part);
    const policy = response.headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe-inline");
  });

  test("shows what others wrote as text only, and loads nothing from elsewhere", async () => {
    const [page, script] = await Promise.all(
      ["/", "/playground.js"].map(async (path) => (await app.request(path)).text()),
    );
    expect(script).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|eval\(/);
    expect(`${page}${script}`).not.toMatch(/https?:\/\/(?!127\.0\.0\.1)/);
    expect(page).not.toMatch(/<script(?![^>]*src=)|\son\w+=/);
  });
});
