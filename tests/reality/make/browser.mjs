// Chromium as a maker of files: print, screenshots, canvas pictures and MediaRecorder's videos.
//   node browser.mjs print OUT PAGE [landscape|letter]   screenshot OUT png|jpeg
//                    canvas OUT TYPE                     record OUT TYPE
//                    decode OUT PICTURE                  as a PNG on white, turned as people see it

import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [mode, out, what, how] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});

const DRAWING = `
  <canvas id="c" width="96" height="72"></canvas>
  <script>
    const c = document.getElementById("c");
    const g = c.getContext("2d");
    function draw(n) {
      const shade = g.createLinearGradient(0, 0, 96, 72);
      shade.addColorStop(0, "#d04020");
      shade.addColorStop(1, "#2050c0");
      g.fillStyle = shade;
      g.fillRect(0, 0, 96, 72);
      g.fillStyle = "white";
      g.fillRect(8, 8, 12, 52);
      g.fillRect(8, 8, 40, 10);
      g.fillRect(40 + n * 2, 50, 10, 10);
    }
    draw(0);
  </script>`;

/** Frames of a canvas with a tone, as a recording of a meeting would have. */
async function recordInPage(type) {
  const canvas = document.getElementById("c");
  const sound = new AudioContext();
  const tone = sound.createOscillator();
  const target = sound.createMediaStreamDestination();
  tone.connect(target);
  tone.start();
  const video = canvas.captureStream(15).getVideoTracks();
  const audio = /opus/.test(type) ? target.stream.getAudioTracks() : [];
  const recorder = new MediaRecorder(new MediaStream([...video, ...audio]), { mimeType: type });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const stopped = new Promise((resolve) => {
    recorder.onstop = resolve;
  });
  recorder.start();
  for (let n = 0; n < 20; n++) {
    globalThis.draw(n);
    await new Promise((resolve) => setTimeout(resolve, 66));
  }
  recorder.stop();
  await stopped;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** The PNG of a picture as the browser shows it, without colour management, on white. */
async function decodeInPage(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none" });
  const canvas = Object.assign(document.createElement("canvas"), {
    width: bitmap.width,
    height: bitmap.height,
  });
  const drawing = canvas.getContext("2d");
  drawing.fillStyle = "white";
  drawing.fillRect(0, 0, canvas.width, canvas.height);
  drawing.drawImage(bitmap, 0, 0);
  return canvas.toDataURL("image/png");
}

try {
  const page = await browser.newPage({ viewport: { width: 160, height: 120 } });
  if (mode === "print") {
    await page.goto(`file://${what}`);
    const format = how === "letter" ? "Letter" : "A4";
    await page.pdf({ path: out, format, landscape: how === "landscape", printBackground: true });
  } else {
    await page.setContent(DRAWING);
    const write = (url) => writeFileSync(out, Buffer.from(url.split(",")[1], "base64"));
    if (mode === "decode") {
      write(await page.evaluate(decodeInPage, readFileSync(what).toString("base64")));
    } else if (mode === "screenshot") await page.screenshot({ path: out, type: what });
    else if (mode === "canvas") {
      write(await page.evaluate((type) => document.getElementById("c").toDataURL(type), what));
    } else writeFileSync(out, Buffer.from(await page.evaluate(recordInPage, what), "base64"));
  }
} finally {
  await browser.close();
}
