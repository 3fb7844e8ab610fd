import sharp from "sharp";

export interface FileToSet {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** A plain picture of that size. */
export async function pngFile(
  width: number,
  height: number,
  name = "picture.png",
): Promise<FileToSet> {
  const create = { width, height, channels: 3, background: "#4a7" } as const;
  return { name, mimeType: "image/png", buffer: await sharp({ create }).png().toBuffer() };
}
