// The part of libheif-js that is used here; the package's own types say "any".
interface HeifPixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

interface HeifImage {
  is_primary(): boolean;
  get_width(): number;
  get_height(): number;
  display(target: HeifPixels, done: (filled: HeifPixels | null) => void): void;
}

declare module "libheif-js/wasm-bundle.js" {
  const libheif: { readonly HeifDecoder: new () => { decode(file: Uint8Array): HeifImage[] } };
  export = libheif;
}
