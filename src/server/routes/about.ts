import { readFileSync } from "node:fs";
import type { Context } from "hono";
import { MODEL_CARD } from "../../openai/models.ts";
import type { Env, RouteOptions } from "../context.ts";

/** Of this program, as its package says. */
export function readVersion(): string {
  const file = new URL("../../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { readonly version: string };
  return version;
}

/** As vLLM tells it. */
export function version(release: string) {
  return (c: Context<Env>): Response => c.json({ version: release });
}

/** As NIM tells it. */
export function release(release: string) {
  return (c: Context<Env>): Response => c.json({ release, api: "v1" });
}

/** What runs here, as NIM tells it. */
export function metadata({ upstream }: RouteOptions, version: string) {
  return (c: Context<Env>): Response =>
    c.json({
      version,
      licenseInfo: { name: MODEL_CARD.license, url: MODEL_CARD.licenseUrl },
      modelInfo: upstream.models.map(({ id, fingerprint }) => ({
        shortName: id,
        modelUrl: `https://huggingface.co/${MODEL_CARD.huggingFaceId}`,
        fingerprint,
      })),
      assetInfo: [],
      repository_override: "",
    });
}
