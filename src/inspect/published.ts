// Known files of the published repositories.                   Source: MODEL.md § Published files.

/** The same file in the BF16, FP8 and NVFP4-QAD repositories. */
export const PUBLISHED_TOKENIZER = Object.freeze({
  bytes: 17_079_976,
  sha256: "db8e35444fca3a2b98e2c8e927a8f1d8b1ba9d4b349e13ce5aafdb11b6404205",
});
