import type { Model } from "../api/types.ts";

/** The small bundled model. */
export function isMini(id: string): boolean {
  return /^vireo\/mini$/i.test(id);
}

/** Tells whether the server's repository field names the published model, under any alias. */
export function isNemotron({ hugging_face_id: repository = "" }: Model): boolean {
  return /^nvidia\/NVIDIA-Nemotron-Nano-12B-v2-VL-/.test(repository);
}
