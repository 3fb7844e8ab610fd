/** The model in the box: random weights. */
export function isTiny(id: string): boolean {
  return /(^|[/_-])tiny($|[/_-])/i.test(id);
}

/** The published model, under any of its names. */
export function isNemotron(id: string): boolean {
  return /nemotron-nano-12b-v2-vl/i.test(id);
}
