/** Something that was done as asked although it may not turn out well, told beside the answer. */
export interface RequestWarning {
  /** For programs; stands in the header `x-warnings`. */
  readonly code: "reasoning_with_video";
  readonly message: string;
}

export const REASONING_WITH_VIDEO: RequestWarning = Object.freeze({
  code: "reasoning_with_video",
  message:
    "the model was published without support for reasoning about videos; check the answer, or " +
    "turn reasoning off",
});
