// Converts office documents to PDF with LibreOffice if the machine has it. LibreOffice runs in a
// child process with its own profile: no macros, no links, bounded time and memory, and no network
// (in a network namespace if the system allows it, else with a proxy that does not exist).

import { access, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { dropOldest } from "../core/drop-oldest.ts";
import { VireoError } from "../core/errors.ts";
import { FairQueue } from "../core/fair-queue.ts";
import { LIMITS } from "../core/limits.ts";
import { findLauncher } from "../processes/launcher.ts";
import { PROGRAM_PATH, runProgram } from "../processes/program.ts";
import type { OfficeFile } from "./archive-kind.ts";
import { hashMedia, type MediaOwner } from "./media-owner.ts";

const PATH = `${PROGRAM_PATH}:/Applications/LibreOffice.app/Contents/MacOS`;
/** LibreOffice exits with this status after it has created a profile and must be restarted. */
const STARTED_FIRST = 81;
const MAX_STARTS = 2;

interface Conversion {
  readonly pdf: Promise<Buffer>;
  /** Requests that wait for it. */
  waiting: number;
  /** Takes the conversion out of the queue; one that runs goes on. */
  readonly cancel: AbortController;
}

/** Conversions by owner and content, newest last: requests may open one document many times. */
const conversions = new Map<string, Conversion>();
const queue = new FairQueue({
  things: "office documents",
  unit: "files",
  slots: 1,
  reservedSlots: 1,
  maxWaitingCost: LIMITS.queue.requests,
});

/**
 * Converts the document to PDF. Concurrent requests of one owner for one document share a
 * conversion, which leaves the queue when all of them are aborted. One that runs goes on, because
 * its time is bounded.
 *
 * Throws unsupported_media_type without LibreOffice, media_undecodable if LibreOffice cannot open
 * the file, media_too_large if it takes too long or the PDF is too large, queue_full, and the
 * signal's reason.
 */
export async function officeToPdf(
  file: Uint8Array,
  office: OfficeFile,
  owner: MediaOwner,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const key = await hashMedia(owner, [file]);
  const conversion = conversions.get(key) ?? startConversion(key, file, office, owner);
  conversion.waiting += 1;
  const leave = (): void => {
    conversion.waiting -= 1;
    if (conversion.waiting === 0) conversion.cancel.abort(signal?.reason);
  };
  return await new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal?.reason);
      leave();
    };
    signal?.addEventListener("abort", abort, { once: true });
    conversion.pdf.then(resolve, reject).finally(() => signal?.removeEventListener("abort", abort));
  });
}

function startConversion(
  key: string,
  file: Uint8Array,
  office: OfficeFile,
  owner: MediaOwner,
): Conversion {
  const cancel = new AbortController();
  const turn = { tenant: owner.tenant, request: owner.request, signal: cancel.signal };
  const pdf = queue.run(turn, () => convert(file, office));
  const conversion = { pdf, waiting: 0, cancel };
  conversions.set(key, conversion);
  pdf.catch(() => {
    if (conversions.get(key) === conversion) conversions.delete(key);
  });
  if (owner.keepsNothing) pdf.finally(() => conversions.delete(key)).catch(() => {});
  dropOldest(conversions, LIMITS.office.filesRemembered);
  return conversion;
}

async function convert(file: Uint8Array, office: OfficeFile): Promise<Buffer> {
  const program = await findOfficeProgram();
  if (program === undefined) throw notRead(office);
  const folder = await mkdtemp(join(tmpdir(), "vireo-office-"));
  try {
    const profile = join(folder, "profile");
    await mkdir(join(profile, "user"), { recursive: true, mode: 0o700 });
    await writeFile(join(profile, "user", "registrymodifications.xcu"), SETTINGS);
    const input = join(folder, `document.${office.ending}`);
    await writeFile(input, file, { mode: 0o600 });
    const command = [
      ...(await officeLauncher()),
      program,
      "--headless",
      "--norestore",
      "--nologo",
      "--nodefault",
      `-env:UserInstallation=${pathToFileURL(profile).href}`,
      "--convert-to",
      "pdf",
      "--outdir",
      folder,
      input,
    ];
    await run(command, office);
    return await readResult(join(folder, "document.pdf"), office);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The time limit covers all starts together. */
async function run(command: readonly string[], office: OfficeFile): Promise<void> {
  const begun = performance.now();
  for (let start = 0; start < MAX_STARTS; start++) {
    const timeMs = Math.max(1, LIMITS.office.timeoutMs - (performance.now() - begun));
    const status = await runProgram({ command, path: PATH, timeMs });
    if (performance.now() - begun >= LIMITS.office.timeoutMs) throw tooSlow(office);
    if (status !== STARTED_FIRST) return;
  }
}

async function readResult(path: string, office: OfficeFile): Promise<Buffer> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size === 0) {
    const message = `LibreOffice cannot open the file: ${office.name} that is damaged or locked`;
    throw new VireoError("media_undecodable", message);
  }
  const limit = LIMITS.document.bytes;
  if (size <= limit) return await readFile(path);
  const message = `the file becomes a PDF of ${size} bytes; the limit is ${limit}`;
  throw new VireoError("media_too_large", message, { metadata: { limit, actual: size } });
}

/**
 * `soffice` is a script that starts the program beside it. Killing the script would leave the
 * program running, so the program is started directly.
 */
export async function findOfficeProgram(): Promise<string | undefined> {
  for (const folder of PATH.split(":")) {
    const script = await realpath(join(folder, "soffice")).catch(() => undefined);
    if (script === undefined) continue;
    const program = join(dirname(script), "soffice.bin");
    return await access(program).then(
      () => program,
      () => script,
    );
  }
  return undefined;
}

let launcher: Promise<readonly string[]> | undefined;

/** Command prefix that limits memory and removes the network, as far as the system can. */
function officeLauncher(): Promise<readonly string[]> {
  const limits = [`--as=${LIMITS.office.memoryBytes}`, `--fsize=${LIMITS.office.fileBytes}`];
  launcher ??= findLauncher(
    [
      ["prlimit", ...limits],
      ["unshare", "--map-root-user", "--net"],
    ],
    PATH,
  );
  return launcher;
}

function setting(path: string, name: string, value: string): string {
  const property = `<prop oor:name="${name}" oor:op="fuse"><value>${value}</value></prop>`;
  return `<item oor:path="/org.openoffice.${path}">${property}</item>`;
}

const NO_PROXY_THERE = [
  setting("Inet/Settings", "ooInetProxyType", "2"),
  ...["HTTP", "HTTPS", "FTP"].flatMap((protocol) => [
    setting("Inet/Settings", `ooInet${protocol}ProxyName`, "127.0.0.1"),
    setting("Inet/Settings", `ooInet${protocol}ProxyPort`, "9"),
  ]),
];

/** Settings: macros never run, links are never followed, and requests go to a dead proxy. */
const SETTINGS = `<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
${[
  setting("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
  setting("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
  setting("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
  setting("Office.Writer/Content/Update", "Link", "0"),
  setting("Office.Calc/Content/Update", "Link", "2"),
  ...NO_PROXY_THERE,
].join("\n")}
</oor:items>
`;

/** For machines without LibreOffice. */
function notRead({ name, ending }: OfficeFile): VireoError {
  const message =
    `the file is ${name}, which is read only where LibreOffice is installed. Save it as PDF and ` +
    `send that, as with: libreoffice --headless --convert-to pdf file.${ending}`;
  return new VireoError("unsupported_media_type", message);
}

function tooSlow({ name }: OfficeFile): VireoError {
  const limit = LIMITS.office.timeoutMs / 1000;
  const message = `the file is ${name}, which takes more than ${limit} s to lay out; send a PDF`;
  return new VireoError("media_too_large", message, { metadata: { limit_seconds: limit } });
}
