/** A picture as the bytes of its file: PNG, JPEG or another format that the engine reads. */
export interface PictureInput {
  readonly type: "picture";
  readonly bytes: Uint8Array;
  /** Text that goes into the same vector, such as the text layer of a page. */
  readonly text?: string;
}

/** One input, which becomes one vector. */
export type EmbeddingInput = string | PictureInput;

/** The side of a search that an input stands on; asymmetric models embed the two differently. */
export type EmbeddingKind = "query" | "passage";

/**
 * A model that turns texts and pictures into vectors. The local engine and clients of embedding
 * endpoints implement it.
 */
export interface Embedder {
  /** Name of the model, which is stored with its vectors. */
  readonly name: string;
  /** Length of each vector. */
  readonly dimensions: number;
  /** Whether `embed` accepts pictures. */
  readonly readsPictures: boolean;
  /**
   * One vector of L2 norm 1 for each input, in order. The implementation adds the model's prefix
   * for `kind`.
   *
   * Throws unsupported_modality for a picture that the model cannot read,
   * context_length_exceeded for a text that is too long, and the signal's reason.
   */
  embed(
    inputs: readonly EmbeddingInput[],
    kind: EmbeddingKind,
    signal?: AbortSignal,
  ): Promise<Float32Array[]>;
}
