import { z } from "zod";
import { defined } from "../../core/defined.ts";
import type { DocumentInspection, VideoInspection } from "../../core/inspection.ts";

const jpegUrl = z.string().describe("data: URL of a JPEG file");

/** The answer of POST /v1/inspect/video: the frames that the model sees, and their pruning. */
export const videoInspectionAnswer = z.object({
  object: z.literal("video.inspection"),
  model: z.string(),
  width: z.int(),
  height: z.int(),
  fps: z.number().optional(),
  duration: z.number().optional().describe("seconds from the first frame to the end of the last"),
  total_frames: z.int(),
  frames: z.array(
    z.object({
      index: z.int().describe("index of the frame in the file"),
      seconds: z.number().optional().describe("time of the frame, from the first frame"),
      thumbnail: jpegUrl,
    }),
  ),
  frame_tokens: z.object({ columns: z.int(), rows: z.int() }),
  pruning: z.object({
    ranks: z
      .string()
      .describe(
        "base64 of little-endian uint32, [frames, rows, columns]; at rate q the tokens remain " +
          "whose rank is below max(tokens per frame, floor(all tokens * (1 - q)))",
      ),
    default_rate: z.number(),
  }),
});

export function toVideoInspection(
  inspection: VideoInspection,
  model: string,
): z.infer<typeof videoInspectionAnswer> {
  const { width, height, fps, durationSeconds, totalFrames } = inspection;
  const { columns, rows, ranks, pruningRate } = inspection;
  return {
    object: "video.inspection",
    model,
    width,
    height,
    ...defined({ fps, duration: durationSeconds }),
    total_frames: totalFrames,
    frames: inspection.frames.map(({ jpeg, ...frame }) => ({ ...frame, thumbnail: dataUrl(jpeg) })),
    frame_tokens: { columns, rows },
    pruning: { ranks: littleEndian(ranks).toString("base64"), default_rate: pruningRate },
  };
}

/** The answer of POST /v1/inspect/document: page images with their words. */
export const documentInspectionAnswer = z.object({
  object: z.literal("document.inspection"),
  model: z.string(),
  total_pages: z.int(),
  pages: z.array(
    z.object({
      page: z.int().describe("counts from 1"),
      width: z.int().describe("pixels of the image that the model sees"),
      height: z.int(),
      orientation_applied: z.int().optional().describe("the applied EXIF orientation, 2 to 8"),
      image: jpegUrl,
      undrawn_characters: z
        .int()
        .optional()
        .describe("characters that the image lacks, because no font has them"),
      words: z.array(
        z.object({
          text: z.string(),
          box: z
            .array(z.int())
            .length(4)
            .describe("left, top, right, bottom in thousandths of the page"),
        }),
      ),
    }),
  ),
  failed_pages: z
    .array(z.object({ page: z.int(), reason: z.string() }))
    .optional()
    .describe("pages that cannot be rendered"),
});

export function toDocumentInspection(
  { totalPages, pages, failedPages }: DocumentInspection,
  model: string,
): z.infer<typeof documentInspectionAnswer> {
  return {
    object: "document.inspection",
    model,
    total_pages: totalPages,
    ...(failedPages.length > 0 && { failed_pages: [...failedPages] }),
    pages: pages.map(({ number, width, height, turn, jpeg, undrawn, words }) => ({
      page: number,
      width,
      height,
      ...defined({ orientation_applied: turn }),
      image: dataUrl(jpeg),
      ...(undrawn > 0 && { undrawn_characters: undrawn }),
      words: words.map(({ text, box }) => ({ text, box: [...box] })),
    })),
  };
}

function dataUrl(jpeg: Uint8Array): string {
  return `data:image/jpeg;base64,${Buffer.from(jpeg).toString("base64")}`;
}

function littleEndian(values: Uint32Array): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => {
    bytes.writeUInt32LE(value, at * 4);
  });
  return bytes;
}
