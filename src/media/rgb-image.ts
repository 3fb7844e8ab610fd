/** A size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** 8-bit RGB, rows from the top, 3 bytes per pixel. */
export interface RgbImage extends Size {
  readonly rgb: Uint8Array;
}
