import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Providers } from "./providers.ts";
import { readConfiguration } from "./read-configuration.ts";

const ANSWER = {
  choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 1 },
};
let server: Server;
let origin: string;
const keys: (string | undefined)[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    keys.push(request.headers.authorization);
    request.resume();
    response.setHeader("content-type", "application/json").end(JSON.stringify(ANSWER));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

test("a tenant's key goes to the provider that it is bound to, and to no other", async () => {
  const owners: object[] = [];
  const source = {
    has: () => true,
    find: (owner: { readonly tenant: string; readonly provider: string }) => {
      owners.push(owner);
      return owner.tenant === "ann" && owner.provider === "a" ? "of-ann" : undefined;
    },
  };
  const { configuration } = readConfiguration(
    `providers:
  a: { kind: openai-compatible, url: ${origin}/v1, key: "\${KEY}" }
  b: { kind: openai-compatible, url: ${origin}/v1, key: "\${KEY}" }
models: { m: { providers: [a, b] } }`,
    { KEY: "of-operator" },
  );
  const providers = new Providers(undefined, { tenantKeys: source });
  const [route] = await providers.take(configuration!, { KEY: "of-operator" });
  try {
    for (const tenant of ["ann", "ben"]) {
      for (const { provider } of route!.endpoints) {
        const messages = [{ role: "user", content: "Hi" }] as const;
        for await (const _ of provider.upstream.chat({ model: "m", messages, tenant }));
      }
    }
  } finally {
    await providers.close();
  }
  const [a, b, c, d] = keys;
  expect(a).toBe("Bearer of-ann");
  expect([b, c, d]).toEqual(Array(3).fill("Bearer of-operator"));
  expect(owners).toContainEqual({ tenant: "ann", provider: "a", origin });
});
