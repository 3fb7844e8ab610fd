/** A warning about a request that was answered but may have a poor result. */
export interface RequestWarning {
  /** Machine-readable; sent in the header `x-warnings`. */
  readonly code: "reasoning_with_video";
  readonly message: string;
}

export const REASONING_WITH_VIDEO: RequestWarning = Object.freeze({
  code: "reasoning_with_video",
  message:
    "the model was published without support for reasoning about videos; check the answer, or " +
    "turn reasoning off",
});
