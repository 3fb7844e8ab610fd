// Porter's stemmer (1980) with the extensions of NLTK, which METEOR uses for English words.

const IRREGULAR: ReadonlyMap<string, string> = new Map([
  ["sky", "sky"],
  ["skies", "sky"],
  ["dying", "die"],
  ["lying", "lie"],
  ["tying", "tie"],
  ["news", "news"],
  ["innings", "inning"],
  ["inning", "inning"],
  ["outings", "outing"],
  ["outing", "outing"],
  ["cannings", "canning"],
  ["canning", "canning"],
  ["howe", "howe"],
  ["proceed", "proceed"],
  ["exceed", "exceed"],
  ["succeed", "succeed"],
]);

/** The stem of a word in lower case. */
export function stem(word: string): string {
  const known = IRREGULAR.get(word);
  if (known !== undefined) return known;
  if (Array.from(word).length <= 2) return word;
  return [plural, past, finalY, doubleSuffix, suffix, longSuffix, finalE, finalL].reduce(
    (rest, step) => step(rest),
    word,
  );
}

/** [ending, what takes its place]; the first ending that fits decides. */
type Rules = readonly (readonly [string, string])[];

/** Replaces the first fitting ending if the rest fulfils the condition. */
function replace(word: string, rules: Rules, condition: (rest: string) => boolean): string {
  const rule = rules.find(([ending]) => word.endsWith(ending));
  if (rule === undefined) return word;
  const rest = word.slice(0, word.length - rule[0].length);
  return condition(rest) ? rest + rule[1] : word;
}

/** A consonant is no vowel, and y only at the beginning or behind a vowel. */
function shapeOf(word: string): string {
  let shape = "";
  for (const letter of word) {
    const isVowel = "aeiou".includes(letter) || (letter === "y" && shape.endsWith("c"));
    shape += isVowel ? "v" : "c";
  }
  return shape;
}

/** How often a vowel is followed by a consonant. */
function measure(word: string): number {
  return shapeOf(word).match(/vc/g)?.length ?? 0;
}

const hasVowel = (word: string): boolean => shapeOf(word).includes("v");
const isLong = (word: string): boolean => measure(word) > 0;
const isLonger = (word: string): boolean => measure(word) > 1;

function endsInShortSyllable(word: string): boolean {
  const shape = shapeOf(word);
  return (shape.endsWith("cvc") && !/[wxy]$/.test(word)) || shape === "vc";
}

function endsInDouble(word: string): boolean {
  return word.length >= 2 && word.at(-1) === word.at(-2) && shapeOf(word).endsWith("c");
}

function plural(word: string): string {
  if (word.endsWith("ies") && Array.from(word).length === 4) return word.slice(0, -1);
  const rules: Rules = [
    ["sses", "ss"],
    ["ies", "i"],
    ["ss", "ss"],
    ["s", ""],
  ];
  return replace(word, rules, () => true);
}

function past(word: string): string {
  if (word.endsWith("ied")) {
    return Array.from(word).length === 4 ? word.slice(0, -1) : word.slice(0, -2);
  }
  if (word.endsWith("eed")) return replace(word, [["eed", "ee"]], isLong);
  const ending = ["ed", "ing"].find(
    (form) => word.endsWith(form) && hasVowel(word.slice(0, -form.length)),
  );
  return ending === undefined ? word : repaired(word.slice(0, -ending.length));
}

/** Puts an e back, or drops one of two consonants, after -ed or -ing was removed. */
function repaired(rest: string): string {
  if (/(?:at|bl|iz)$/.test(rest)) return `${rest}e`;
  if (endsInDouble(rest)) return /[lsz]$/.test(rest) ? rest : rest.slice(0, -1);
  return measure(rest) === 1 && endsInShortSyllable(rest) ? `${rest}e` : rest;
}

function finalY(word: string): string {
  return replace(word, [["y", "i"]], (rest) => {
    const shape = shapeOf(rest);
    return shape.length > 1 && shape.endsWith("c");
  });
}

const DOUBLE_SUFFIXES: Rules = [
  ["ational", "ate"],
  ["tional", "tion"],
  ["enci", "ence"],
  ["anci", "ance"],
  ["izer", "ize"],
  ["bli", "ble"],
  ["alli", "al"],
  ["entli", "ent"],
  ["eli", "e"],
  ["ousli", "ous"],
  ["ization", "ize"],
  ["ation", "ate"],
  ["ator", "ate"],
  ["alism", "al"],
  ["iveness", "ive"],
  ["fulness", "ful"],
  ["ousness", "ous"],
  ["aliti", "al"],
  ["iviti", "ive"],
  ["biliti", "ble"],
  ["fulli", "ful"],
];

function doubleSuffix(word: string): string {
  if (word.endsWith("alli") && isLong(word.slice(0, -4))) return doubleSuffix(word.slice(0, -2));
  // the l of "logi" counts for the rest
  if (word.endsWith("logi")) return isLong(word.slice(0, -3)) ? word.slice(0, -1) : word;
  return replace(word, DOUBLE_SUFFIXES, isLong);
}

const SUFFIXES: Rules = [
  ["icate", "ic"],
  ["ative", ""],
  ["alize", "al"],
  ["iciti", "ic"],
  ["ical", "ic"],
  ["ful", ""],
  ["ness", ""],
];

const suffix = (word: string): string => replace(word, SUFFIXES, isLong);

const LONG_SUFFIXES: Rules = [
  ...["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion"],
  ...["ou", "ism", "ate", "iti", "ous", "ive", "ize"],
].map((ending) => [ending, ""]);

function longSuffix(word: string): string {
  const isIon = LONG_SUFFIXES.find(([ending]) => word.endsWith(ending))?.[0] === "ion";
  return replace(word, LONG_SUFFIXES, (rest) => isLonger(rest) && (!isIon || /[st]$/.test(rest)));
}

function finalE(word: string): string {
  return replace(word, [["e", ""]], (rest) => {
    const count = measure(rest);
    return count > 1 || (count === 1 && !endsInShortSyllable(rest));
  });
}

function finalL(word: string): string {
  return replace(word, [["ll", "l"]], () => isLonger(word.slice(0, -1)));
}
