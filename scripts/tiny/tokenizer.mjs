// Learns a small byte-level BPE tokenizer from a text and writes it in the published file format.

/** The regular expression by which the published tokenizer splits text into words. */
const SPLIT =
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|" +
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|" +
  "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

const CONTROL = [
  ...["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"],
  ...["[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]"],
  ...Array.from({ length: 10 }, (_, i) => `<SPECIAL_${10 + i}>`),
];
const MEDIA = [
  ...["<image>", "<img>", "</img>", "<quad>", "</quad>"],
  ...["<ref>", "</ref>", "<box>", "</box>", "<video>"],
];

/**
 * Makes a tokenizer whose ids are 20 control tokens, 256 bytes, the merges and 10 media tokens.
 *
 * firstMediaId: the id of the first media token; ids between the merges and it stay unused.
 */
export function makeTokenizer(text, maxMerges, firstMediaId) {
  const merges = learnMerges(text, maxMerges);
  const ordinary = [...CONTROL, ...BYTES, ...merges.map(([left, right]) => left + right)];
  const imageId = firstMediaId ?? ordinary.length;
  const added = [
    ...CONTROL.map((content, id) => [id, content]),
    ...MEDIA.map((content, i) => [imageId + i, content]),
  ];
  return {
    tokenizer: tokenizerFile(ordinary, merges, added),
    config: configFile(added),
    imageId,
    size: imageId + MEDIA.length,
  };
}

function tokenizerFile(ordinary, merges, added) {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added.map(([id, content]) => ({ id, ...addedToken(content) })),
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: SPLIT }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(ordinary.map((token, id) => [token, id])),
      merges,
    },
  };
}

function configFile(added) {
  return {
    added_tokens_decoder: Object.fromEntries(
      added.map(([id, content]) => [String(id), addedToken(content)]),
    ),
    bos_token: "<s>",
    eos_token: "<SPECIAL_12>",
    unk_token: "<unk>",
    clean_up_tokenization_spaces: false,
    model_max_length: 131072,
    tokenizer_class: "PreTrainedTokenizerFast",
  };
}

function addedToken(content) {
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return { content, ...plain, special: true };
}

/** The printable character that stands for each byte in a byte-level vocabulary. */
const BYTES = (() => {
  let free = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const shown = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCodePoint(shown ? byte : free++);
  });
})();

/** Learns merges, the most frequent pair first; ties go by the text of the pair. */
function learnMerges(text, maxMerges) {
  const words = new Map();
  for (const [word] of text.matchAll(new RegExp(SPLIT, "gu"))) {
    const bytes = [...Buffer.from(word)].map((byte) => BYTES[byte]).join(" ");
    words.set(bytes, (words.get(bytes) ?? 0) + 1);
  }
  let pieces = [...words].map(([word, count]) => [word.split(" "), count]);
  const merges = [];
  while (merges.length < maxMerges) {
    const best = mostFrequentPair(pieces);
    if (best === undefined) break;
    merges.push(best);
    pieces = pieces.map(([parts, count]) => [merge(parts, best), count]);
  }
  return merges;
}

function mostFrequentPair(pieces) {
  const counts = new Map();
  for (const [parts, count] of pieces) {
    for (let i = 1; i < parts.length; i++) {
      const pair = `${parts[i - 1]} ${parts[i]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  let best;
  for (const [pair, count] of counts) {
    if (count < 2) continue;
    if (best === undefined || count > best[1] || (count === best[1] && pair < best[0])) {
      best = [pair, count];
    }
  }
  return best?.[0].split(" ");
}

function merge(parts, [left, right]) {
  const merged = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] === left && parts[i + 1] === right) {
      merged.push(left + right);
      i++;
    } else {
      merged.push(parts[i]);
    }
  }
  return merged;
}
