import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { createApp } from "../../src/server/app.ts";
import { readPlayground } from "../../src/server/routes/playground.ts";
import { createFakeUpstream } from "./fake-upstream.ts";

const app = createApp({ upstream: createFakeUpstream(), log: silentLog, apiKey: "sk-right" });
const page = await (await app.request("/")).text();
const assets = [...page.matchAll(/(?:src|href)="\.(\/assets\/[^"]+)"/g)].map((found) => found[1]!);

describe("the playground", () => {
  test("is a page with scripts, a style sheet and an icon", () => {
    expect(page).toContain("<title>vireo</title>");
    expect(assets.map((path) => path.replace(/^.*\./, "")).sort()).toEqual([
      "css",
      ...["js", "js"], // the page's own code and its packages
      "svg",
    ]);
  });

  test.each(["/", ...assets])("%s is served without a key, under a strict policy", async (path) => {
    const response = await app.request(path);
    expect(response.status).toBe(200);
    const types = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
    const type = types[path.replace(/^.*\./, "") as keyof typeof types] ?? "text/html";
    expect(response.headers.get("content-type")).toContain(type);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    const policy = response.headers.get("content-security-policy") ?? "";
    for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
      expect(policy).toContain(rule);
    }
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  test("has no inline script, no inline style and loads nothing from elsewhere", async () => {
    expect(page).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=|\sstyle=/);
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    const css = await (await app.request(assets.find((path) => path.endsWith("css"))!)).text();
    expect(css).not.toMatch(/@import|url\(/);
  });

  test("is revalidated, but its assets never are", async () => {
    const index = await app.request("/");
    expect(index.headers.get("cache-control")).toBe("no-cache");
    const etag = index.headers.get("etag")!;
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`]) {
      const again = await app.request("/", { headers: { "if-none-match": known } });
      expect(again.status).toBe(304);
      expect(await again.text()).toBe("");
    }
    const changed = await app.request("/", { headers: { "if-none-match": '"other"' } });
    expect(changed.status).toBe(200);
    const asset = await app.request(assets[0]!);
    expect(asset.headers.get("cache-control")).toContain("immutable");
  });

  test("is compressed for clients that accept it", async () => {
    const path = assets.find((name) => name.endsWith("js"))!;
    const plain = await app.request(path);
    expect(plain.headers.get("content-encoding")).toBeNull();
    const gzipped = await app.request(path, { headers: { "accept-encoding": "br, gzip" } });
    expect(gzipped.headers.get("content-encoding")).toBe("gzip");
    const bytes = gunzipSync(Buffer.from(await gzipped.arrayBuffer()));
    expect(bytes.toString()).toBe(await plain.text());
    const refused = await app.request(path, { headers: { "accept-encoding": "gzip;q=0, br" } });
    expect(refused.headers.get("content-encoding")).toBeNull();
  });

  test.each([
    "/index.html",
    "/assets/",
    "/assets/../index.html",
    "/assets/%2e%2e/index.html",
    "/assets/none.js",
    "/../package.json",
  ])("%s is no file of it", async (path) => {
    const response = await app.request(path, { headers: { authorization: "Bearer sk-right" } });
    // A path with dots is resolved before it is sent, and may then be the page's own.
    if (new URL(path, "http://h").pathname !== "/index.html") expect(response.status).toBe(404);
    expect(await response.text()).not.toContain("<title>");
  });

  test("tells how to build it if it is missing", () => {
    const empty = mkdtempSync(join(tmpdir(), "vireo-"));
    try {
      const files = readPlayground(empty);
      expect(files.map(({ path }) => path)).toEqual(["/"]);
      expect(Buffer.from(files[0]!.bytes).toString()).toContain("npm run setup");
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});
