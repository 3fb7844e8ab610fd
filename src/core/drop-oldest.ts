/** Deletes the oldest entries of a map beyond `maxEntries`. Maps keep the order of insertion. */
export function dropOldest<K>(map: Map<K, unknown>, maxEntries: number): void {
  for (const key of map.keys()) {
    if (map.size <= maxEntries) return;
    map.delete(key);
  }
}
