// Random changes of bytes: the usual set of coverage-guided fuzzers.

const INTERESTING = [0, 1, 2, 7, 8, 16, 32, 64, 100, 127, 128, 255, 256, 512, 1000, 1024, 4096];
const LARGE = [32767, 32768, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const MAX_CHANGES = 6;

const CHANGES = [
  flipBit,
  setByte,
  addToByte,
  writeInteger,
  writeInteger,
  removeRange,
  repeatRange,
  moveRange,
  insertBytes,
  insertWord,
  insertWord,
  overwriteWord,
  splice,
  cutEnd,
];

/**
 * Returns a changed copy of `bytes` of at most `maxBytes`.
 *
 * options: dictionary (words of the format, as Uint8Array), other (a second input to take from).
 */
export function mutateBytes(bytes, random, { dictionary, other, maxBytes }) {
  let result = Uint8Array.from(bytes);
  const changes = random.length(MAX_CHANGES);
  for (let done = 0; done < changes; done++) {
    result = random.pick(CHANGES)(result, random, { dictionary, other });
  }
  return result.length > maxBytes ? result.subarray(0, maxBytes) : result;
}

function flipBit(bytes, random) {
  if (bytes.length > 0) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
  return bytes;
}

function setByte(bytes, random) {
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

function addToByte(bytes, random) {
  if (bytes.length > 0) bytes[random.below(bytes.length)] += random.below(35) - 17;
  return bytes;
}

/** Writes a limit value, or a value near the input's length, in 1, 2, 4 or 8 bytes. */
function writeInteger(bytes, random) {
  const size = random.pick([1, 2, 4, 4, 8]);
  if (bytes.length < size) return bytes;
  const at = random.below(bytes.length - size + 1);
  const near = [bytes.length, bytes.length - at, at, bytes.length + 1];
  const value = random.pick(random.pick([INTERESTING, LARGE, near]));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = random.oneIn(2);
  if (size === 1) view.setUint8(at, value);
  else if (size === 2) view.setUint16(at, value, little);
  else if (size === 4) view.setUint32(at, value, little);
  else view.setBigUint64(at, BigInt(value), little);
  return bytes;
}

function rangeOf(bytes, random) {
  const begin = random.below(bytes.length);
  return [begin, begin + random.length(bytes.length - begin)];
}

function removeRange(bytes, random) {
  if (bytes.length === 0) return bytes;
  const [begin, end] = rangeOf(bytes, random);
  return join(bytes.subarray(0, begin), bytes.subarray(end));
}

function repeatRange(bytes, random) {
  if (bytes.length === 0) return bytes;
  const [begin, end] = rangeOf(bytes, random);
  const part = bytes.subarray(begin, end);
  const times = random.length(8);
  return join(bytes.subarray(0, end), ...Array(times).fill(part), bytes.subarray(end));
}

function moveRange(bytes, random) {
  if (bytes.length === 0) return bytes;
  const [begin, end] = rangeOf(bytes, random);
  bytes.copyWithin(random.below(bytes.length), begin, end);
  return bytes;
}

function insertBytes(bytes, random) {
  const at = random.below(bytes.length + 1);
  const value = random.below(256);
  const more = new Uint8Array(random.length(64));
  if (random.oneIn(2)) more.fill(value);
  else for (let index = 0; index < more.length; index++) more[index] = random.below(256);
  return join(bytes.subarray(0, at), more, bytes.subarray(at));
}

function insertWord(bytes, random, { dictionary }) {
  if (dictionary.length === 0) return bytes;
  const at = random.below(bytes.length + 1);
  return join(bytes.subarray(0, at), random.pick(dictionary), bytes.subarray(at));
}

function overwriteWord(bytes, random, { dictionary }) {
  if (dictionary.length === 0 || bytes.length === 0) return bytes;
  const word = random.pick(dictionary);
  const at = random.below(bytes.length);
  bytes.set(word.subarray(0, bytes.length - at), at);
  return bytes;
}

function splice(bytes, random, { other }) {
  if (other === undefined || other.length === 0) return bytes;
  const [begin, end] = rangeOf(other, random);
  const at = random.below(bytes.length + 1);
  const rest = random.oneIn(2) ? bytes.subarray(at) : bytes.subarray(at + (end - begin));
  return join(bytes.subarray(0, at), other.subarray(begin, end), rest);
}

function cutEnd(bytes, random) {
  return bytes.slice(0, random.below(bytes.length + 1));
}

function join(...parts) {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
