import { readFileSync } from "node:fs";
import type { Context } from "hono";
import { cardOf } from "../../protocols/shared/models.ts";
import type { Env, RouteOptions } from "../context.ts";

/** The version of this program, from package.json. */
export function readVersion(): string {
  const file = new URL("../../../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { readonly version: string };
  return version;
}

/** The version in vLLM's format. */
export function version(release: string) {
  return (c: Context<Env>): Response => c.json({ version: release });
}

/** The version in NIM's format. */
export function release(release: string) {
  return (c: Context<Env>): Response => c.json({ release, api: "v1" });
}

/** Models and licences in NIM's format. */
export function metadata({ upstream }: RouteOptions, version: string) {
  return (c: Context<Env>): Response => {
    const licenses = new Map(
      upstream.models.map(cardOf).map(({ license, licenseUrl }) => [license, licenseUrl]),
    );
    licenses.delete(""); // Other checkpoints state their licence in their own files.
    return c.json({
      version,
      licenseInfo: [...licenses].map(([name, url]) => ({ name, url })),
      modelInfo: upstream.models.map((model) => ({
        shortName: model.id,
        modelUrl: urlOf(cardOf(model).huggingFaceId),
        fingerprint: model.fingerprint,
      })),
      assetInfo: [],
      repository_override: "",
    });
  };
}

function urlOf(huggingFaceId: string): string {
  return huggingFaceId === "" ? "" : `https://huggingface.co/${huggingFaceId}`;
}
