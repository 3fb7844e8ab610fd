import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { silentLog } from "../../src/core/log.ts";
import type { Upstream } from "../../src/core/upstream.ts";
import type { AppOptions } from "../../src/server/context.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { createScriptedUpstream, type ScriptedUpstream } from "./scripted-upstream.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** The system's Chromium, or undefined. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(
    isProgram,
  );
  if (found === undefined) {
    process.stderr.write(`skipped: no browser; none of ${NAMES.join(", ")} is in PATH\n`);
  }
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A real server with a scripted model, and a browser. */
export interface Stage {
  readonly upstream: ScriptedUpstream;
  readonly browser: Browser;
  readonly url: string;
  /** A page in a new browser context, without data of other pages. */
  open(options?: OpenOptions): Promise<Visit>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** Runs before the page's own script. */
  readonly before?: (context: BrowserContext) => Promise<void>;
}

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts and violations of the content policy that the browser reported. */
  readonly complaints: string[];
}

export async function setStage(
  executablePath: string,
  apiKey?: string,
  changes: Partial<Upstream> = {},
  options: Partial<AppOptions> = {},
): Promise<Stage> {
  const upstream = { ...createScriptedUpstream(), ...changes };
  const key = apiKey === undefined ? {} : { apiKey };
  const server: Listening = await listen({
    upstream,
    host: "127.0.0.1",
    port: 0,
    log: silentLog,
    ...key,
    ...options,
  });
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  return {
    upstream,
    browser,
    url: server.url,
    open: (options = {}) => open(browser, server.url, options),
    close: async () => {
      await browser.close();
      await server.close(0);
    },
  };
}

async function open(browser: Browser, url: string, options: OpenOptions): Promise<Visit> {
  const { width = 1200, height = 800, dark = false, before } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
    baseURL: url,
  });
  context.setDefaultTimeout(20_000); // a PDF may wait for its turn on a busy machine
  await before?.(context);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // A refused request is logged as an error too; the tests look at what the page makes of it.
    const refused = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !refused) complaints.push(message.text());
  });
  await page.goto("/");
  return { page, context, complaints };
}
