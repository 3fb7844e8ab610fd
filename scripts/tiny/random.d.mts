export function toBf16(value: number): number;
export function normal(random: () => number): number;
export function generator(seed: number): () => number;
