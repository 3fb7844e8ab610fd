interface FirstFrame {
  readonly frame: { readonly blob: Blob; readonly width: number; readonly height: number };
  /** Absent if the browser does not know it, for example for a GIF. */
  readonly seconds?: number;
}

const SIDE_PX = 512;
const WAIT_MS = 5000;

/** Reads the first frame and the length of a video; undefined if the browser cannot play it. */
export async function firstFrame(blob: Blob): Promise<FirstFrame | undefined> {
  try {
    return blob.type === "image/gif" ? await ofGif(blob) : await ofVideo(blob);
  } catch {
    return undefined;
  }
}

async function ofGif(blob: Blob): Promise<FirstFrame> {
  const bitmap = await createImageBitmap(blob);
  const frame = await draw(bitmap, bitmap.width, bitmap.height);
  bitmap.close();
  return { frame };
}

async function ofVideo(blob: Blob): Promise<FirstFrame | undefined> {
  const video = document.createElement("video");
  const url = URL.createObjectURL(blob);
  try {
    await new Promise<void>((resolve, reject) => {
      setTimeout(reject, WAIT_MS);
      video.onerror = reject;
      video.onloadeddata = () => resolve();
      video.muted = true;
      video.preload = "auto";
      video.src = url;
    });
    const { videoWidth: width, videoHeight: height, duration } = video;
    if (width === 0) return undefined; // The file has only sound.
    const frame = await draw(video, width, height);
    return { frame, ...(Number.isFinite(duration) ? { seconds: duration } : {}) };
  } finally {
    video.removeAttribute("src");
    URL.revokeObjectURL(url);
  }
}

async function draw(source: CanvasImageSource, width: number, height: number) {
  const scale = Math.min(1, SIDE_PX / Math.max(width, height));
  const size = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = new OffscreenCanvas(size[0] ?? 1, size[1] ?? 1);
  canvas.getContext("2d")?.drawImage(source, 0, 0, canvas.width, canvas.height);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
  return { blob, width: canvas.width, height: canvas.height };
}
