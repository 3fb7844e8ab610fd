/** Edits that a misspelt word may have: none below 5 letters, 2 from 9 letters on. */
export function allowedEdits(word: string): number {
  if (word.length < 5) return 0;
  return word.length < 9 ? 1 : 2;
}

/** Whether insertions, deletions and replacements, at most `max`, turn `a` into `b`. */
export function isWithin(a: string, b: string, max: number): boolean {
  if (a === b) return true;
  if (max === 0 || Math.abs(a.length - b.length) > max) return false;
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  // the first difference is one edit; what follows it must take the others
  const [restA, restB] = [a.slice(at), b.slice(at)];
  return (
    isWithin(restA.slice(1), restB.slice(1), max - 1) ||
    isWithin(restA.slice(1), restB, max - 1) ||
    isWithin(restA, restB.slice(1), max - 1)
  );
}
