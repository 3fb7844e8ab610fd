/** Adds to the count of a key; a key whose count becomes 0 or less is removed. */
export function addCount<K>(counts: Map<K, number>, key: K, amount: number): void {
  const sum = (counts.get(key) ?? 0) + amount;
  if (sum > 0) counts.set(key, sum);
  else counts.delete(key);
}
