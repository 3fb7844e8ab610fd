import type { Model } from "../api/types.ts";

/** The small trained model in the box. */
export function isMini(id: string): boolean {
  return /^vireo\/mini$/i.test(id);
}

/** The published model: the server says so, whatever name it is served under. */
export function isNemotron({ hugging_face_id: repository = "" }: Model): boolean {
  return /^nvidia\/NVIDIA-Nemotron-Nano-12B-v2-VL-/.test(repository);
}
