#!/usr/bin/env node
// Measures the memory that long media need beyond the engine and its weights. It asks about a PDF
// of 100 pages, extracts data from the same pages, and asks about a clip of ten minutes. It needs
// a built dist/ (npm run setup) and ffmpeg.
//
//   node scripts/measure-media.mjs [--model name|folder] [--pages 100] [--minutes 10]

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const MAIN = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist/cli/main.js");
const POLL_MS = 50;
const SCHEMA = {
  type: "object",
  properties: { title: { type: "string", maxLength: 40 }, total: { type: "number" } },
  required: ["title", "total"],
};

const { values: flags } = parseArgs({
  options: {
    model: { type: "string", default: "mini" },
    pages: { type: "string", default: "100" },
    minutes: { type: "string", default: "10" },
  },
});

const folder = mkdtempSync(join(tmpdir(), "vireo-measure-"));
try {
  const document = join(folder, "pages.pdf");
  writeFileSync(document, pdfOf(Number(flags.pages)));
  const clip = join(folder, "clip.mp4");
  makeClip(clip, Number(flags.minutes));
  const few = ["--max-tokens", "16"];
  const idle = await peakOf(["ask", "Hello", ...few]);
  report("engine alone", idle, idle);
  const question = await peakOf(["ask", "What is it?", "--file", document, "--dpi", "72", ...few]);
  report(`question about ${flags.pages} pages`, question, idle);
  const schema = join(folder, "schema.json");
  writeFileSync(schema, JSON.stringify(SCHEMA));
  const out = ["--schema", schema, "--out", join(folder, "out")];
  report("extraction of the same pages", await peakOf(["extract", document, ...out]), idle);
  const video = await peakOf(["ask", "What happens?", "--video", clip, ...few]);
  report(`question about ${flags.minutes} minutes of 720p`, video, idle);
} finally {
  rmSync(folder, { recursive: true });
}

function report(name, { bytes, seconds, status }, idle) {
  const mb = (value) => `${(value / 1e6).toFixed(0)} MB`;
  const more = `${mb(bytes - idle.bytes)} more than the engine alone`;
  console.log(
    `${name}: peak ${mb(bytes)}, ${more}, ${seconds.toFixed(0)} s, exit status ${status}`,
  );
}

/** Returns the peak resident memory of a command and its children together, in bytes. */
async function peakOf(args) {
  const start = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args, "--model", flags.model], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  let bytes = 0;
  let status;
  child.once("exit", (code, signal) => {
    status = code ?? signal;
  });
  while (status === undefined) {
    bytes = Math.max(bytes, residentOf(child.pid));
    await sleep(POLL_MS);
  }
  return { bytes, seconds: (performance.now() - start) / 1000, status };
}

function residentOf(root) {
  const children = new Map();
  const resident = new Map();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      const field = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      resident.set(Number(name), field("VmRSS") * 1024);
      const parent = field("PPid");
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // The process ended between readdir and the read.
    }
  }
  const sum = (pid) =>
    (children.get(pid) ?? []).reduce((total, one) => total + sum(one), resident.get(pid) ?? 0);
  return sum(root);
}

function makeClip(file, minutes) {
  const source = `testsrc2=size=1280x720:rate=30:duration=${minutes * 60}`;
  const coding = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "36", "-pix_fmt", "yuv420p"];
  const args = ["-v", "error", "-f", "lavfi", "-i", source, ...coding, file];
  const done = spawnSync("ffmpeg", args, { stdio: "inherit" });
  if (done.status !== 0) throw new Error("ffmpeg could not create the clip; its output is above");
}

/** Returns a PDF of `count` A4 pages with 40 lines of text each. */
function pdfOf(count) {
  const objects = ["<< /Type /Catalog /Pages 2 0 R >>"];
  const kids = Array.from({ length: count }, (_, page) => `${4 + 2 * page} 0 R`).join(" ");
  objects.push(`<< /Type /Pages /Kids [${kids}] /Count ${count} >>`);
  objects.push("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
  for (let page = 0; page < count; page++) {
    const lines = Array.from({ length: 40 }, (_, line) => {
      const text = `Page ${page + 1}, line ${line + 1}: total 12.50`;
      return `1 0 0 1 60 ${780 - line * 18} Tm (${text}) Tj`;
    });
    const text = `BT /F1 12 Tf ${lines.join("\n")} ET`;
    const resources = "<< /Font << /F1 3 0 R >> >>";
    const contents = `${5 + 2 * page} 0 R`;
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources ${resources} ` +
        `/Contents ${contents} >>`,
      `<< /Length ${text.length} >>\nstream\n${text}\nendstream`,
    );
  }
  let body = "%PDF-1.4\n";
  const places = objects.map((object, index) => {
    const place = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(place).padStart(10, "0")} 00000 n \n`;
  });
  const head = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.join("")}`;
  const trailer = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\n`;
  return `${body}${head}${trailer}startxref\n${body.length}\n%%EOF\n`;
}
