import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { silentLog } from "../../src/core/log.ts";
import { MediaFetcher } from "../../src/egress/media-fetcher.ts";
import type { EngineOptions } from "../../src/runtime/engine-options.ts";
import { listen } from "../../src/server/listen.ts";
import { openTiny } from "../engine/asking.ts";

/** A server on models/tiny that fetches from any address, and a host that serves one file. */
export async function setMediaStage(file: () => Buffer, options: EngineOptions = {}) {
  const engine = await openTiny({ maxSequences: 4, ...options });
  const media = new MediaFetcher("any");
  const address = { host: "127.0.0.1", port: 0 };
  const server = await listen({ upstream: engine, media, log: silentLog, ...address });
  const files = createServer((_, response) => response.end(file()));
  await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
  return {
    server,
    origin: `http://127.0.0.1:${(files.address() as AddressInfo).port}`,
    async close(): Promise<void> {
      await server.close(100);
      await media.close();
      await engine.close();
      files.close();
    },
  };
}
