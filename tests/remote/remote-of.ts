import { silentLog } from "../../src/core/log.ts";
import type { Upstream } from "../../src/core/upstream.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import {
  createOpenAiCompatible,
  type RemoteUpstream,
} from "../../src/upstreams/openai-compatible/upstream.ts";

interface Remote {
  readonly server: Listening;
  readonly client: RemoteUpstream;
}

/**
 * Puts a second vireo server in front of an upstream, and returns a client of that server. It looks
 * like the upstream itself: the same models, and the same answers by way of HTTP.
 */
export function remoteOf(upstream: Upstream): Upstream {
  let opening: Promise<Remote> | undefined;
  const open = async (): Promise<Remote> => {
    const address = { host: "127.0.0.1", port: 0 };
    const server = await listen({ upstream, log: silentLog, ...address });
    const client = createOpenAiCompatible({
      name: "remote",
      baseUrl: `${server.url}/v1`,
      dialect: "vireo",
      models: upstream.models.map(({ id }) => ({ id })),
    });
    return { server, client };
  };
  const client = async (): Promise<RemoteUpstream> => {
    opening ??= open();
    return (await opening).client;
  };
  return {
    get models() {
      return upstream.models;
    },
    get ready() {
      return upstream.ready;
    },
    async *chat(request, signal) {
      yield* (await client()).chat(request, signal);
    },
    capabilities: {
      ...upstream.capabilities,
      estimate: async (...args) => (await client()).capabilities!.estimate!(...args),
      tokenize: async (...args) => (await client()).capabilities!.tokenize!(...args),
      detokenize: async (...args) => (await client()).capabilities!.detokenize!(...args),
    },
  };
}
