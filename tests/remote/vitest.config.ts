// Runs the tests of the API with a second vireo server between the app and its upstream, reached
// through the client of src/upstreams: npm run test:remote

import { join } from "node:path";
import { defineConfig } from "vitest/config";

const ROOT = new URL("../../", import.meta.url).pathname;
const APP = join(ROOT, "src/server/app.ts");
const REMOTE = join(ROOT, "tests/remote/");
const REMOTE_APP = join(REMOTE, "app.ts");
const LISTEN = join(ROOT, "src/server/listen.ts");

/** Tests whose subject does not cross the network, each with the reason. */
const DIFFERENCES = [
  // the other side's internal error is a failure of the provider, with status 503
  "a crash tells nothing",
  "a failed stream ends with an error",
  // the prompt is counted at the end of the answer
  "its token counts so far, in each chunk",
  // the other side knows no tenants of this one
  "the engine learns whose request it is from the key alone",
];

export default defineConfig({
  root: ROOT,
  plugins: [
    {
      name: "remote-upstream",
      enforce: "pre",
      async resolveId(source, importer, options) {
        if (importer === undefined || !/app\.ts$|listen\.ts$/.test(source)) return undefined;
        const found = await this.resolve(source, importer, { ...options, skipSelf: true });
        if (found?.id !== APP && found?.id !== LISTEN) return undefined;
        // the remote server itself is an ordinary one
        const isRemote = importer.startsWith(REMOTE) || importer.endsWith("?local");
        if (isRemote) return `${found.id}?local`;
        return found.id === APP ? REMOTE_APP : undefined;
      },
    },
  ],
  test: {
    include: ["tests/api/**/*.test.ts"],
    testNamePattern: new RegExp(`^(?!.*(?:${DIFFERENCES.join("|")}))`),
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    pool: "forks",
  },
});
