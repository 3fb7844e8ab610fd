// The configuration files of other programs in docs/ are accepted by these programs, if they are
// installed.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isInstalled } from "../fixtures/needs.ts";
import { blocksOf, pages } from "./blocks.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const BLOCKS = pages(ROOT).flatMap((page) => blocksOf(ROOT, page));
const textsOf = (language: string) =>
  BLOCKS.filter((block) => block.language === language).map(
    ({ place, text }) => [place, text] as const,
  );

const run = promisify(execFile);
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "vireo-configuration-"));
});
afterAll(() => rm(dir, { recursive: true }));

test.runIf(isInstalled("systemd-analyze")).each(textsOf("ini"))(
  "systemd accepts the unit at %s",
  async (_, text) => {
    const unit = join(dir, "vireo.service");
    const here = text.replace("/usr/bin/node", process.execPath);
    await writeFile(unit, here.replace("/opt/vireo/", ROOT));
    const { stdout, stderr } = await run("systemd-analyze", ["verify", unit]);
    expect(stdout + stderr).not.toContain("vireo.service");
  },
);

test.runIf(isInstalled("nginx") && isInstalled("openssl")).each(textsOf("nginx"))(
  "nginx accepts the configuration at %s",
  async (_, text) => {
    const [certificate, key] = [join(dir, "vireo.pem"), join(dir, "vireo.key")];
    const names = ["-subj", "/CN=vireo.example", "-keyout", key, "-out", certificate];
    await run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...names]);
    const site = text
      .replaceAll("/etc/ssl/", `${dir}/`)
      .replace("listen 443", `listen unix:${dir}/socket`);
    const log = join(dir, "error.log");
    const main = `pid ${join(dir, "pid")}; error_log ${log}; events {} http { ${site} }`;
    const path = join(dir, "nginx.conf");
    await writeFile(path, main);
    const { stderr } = await run("nginx", ["-t", "-e", log, "-c", path]);
    expect(stderr).toContain("test is successful");
  },
);
