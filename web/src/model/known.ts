/** The small trained model in the box. */
export function isMini(id: string): boolean {
  return /^vireo\/mini$/i.test(id);
}

/** The published model, under any of its names. */
export function isNemotron(id: string): boolean {
  return /nemotron-nano-12b-v2-vl/i.test(id);
}
