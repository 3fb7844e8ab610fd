"""The tokenizer of a checkpoint, with the engine's algorithm: split, then merge pairs by rank."""

import json
import pathlib
from collections.abc import Iterable

import regex


class Tokenizer:
    """Encodes and decodes texts. Special tokens are recognised everywhere in a text, because all
    training texts are trusted."""

    def __init__(self, folder: str | pathlib.Path) -> None:
        data = json.loads((pathlib.Path(folder) / "tokenizer.json").read_text())
        self.vocab = data["model"]["vocab"]
        # A merge is a pair or, in older files, a text with a space between the two.
        merges = data["model"]["merges"]
        pairs = [pair.split(" ") if isinstance(pair, str) else pair for pair in merges]
        self.ranks = {tuple(pair): rank for rank, pair in enumerate(pairs)}
        self.special = {token["content"]: token["id"] for token in data["added_tokens"]}
        split = data["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"]
        self.words = regex.compile(split)
        self.pieces = regex.compile("|".join(regex.escape(text) for text in self.special))
        self.cache: dict[str, list[int]] = {}
        self.image, self.image_start, self.image_end = (
            self.special[name] for name in ("<image>", "<img>", "</img>")
        )
        self.end = self.special["<SPECIAL_12>"]
        self.text_of = {index: text for text, index in self.vocab.items()}
        self.text_of.update({index: text for text, index in self.special.items()})

    def encode(self, text: str) -> list[int]:
        """The token ids of a text that may contain special tokens."""
        ids, at = [], 0
        for found in self.pieces.finditer(text):
            ids += self.encode_text(text[at : found.start()])
            ids.append(self.special[found.group()])
            at = found.end()
        return ids + self.encode_text(text[at:])

    def encode_text(self, text: str) -> list[int]:
        """The token ids of a text without special tokens."""
        ids = []
        for word in self.words.findall(text):
            if word not in self.cache:
                self.cache[word] = self.merge(word)
            ids += self.cache[word]
        return ids

    def merge(self, word: str) -> list[int]:
        """The token ids of one word: its bytes, merged pair by pair in the order of the ranks."""
        parts = [BYTES[byte] for byte in word.encode()]
        while len(parts) > 1:
            pairs = [self.ranks.get(pair, 1 << 30) for pair in zip(parts, parts[1:])]
            best = min(pairs)
            if best == 1 << 30:
                break
            at = pairs.index(best)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return [self.vocab[part] for part in parts]

    def visible_letters(self, index: int) -> int:
        """The number of visible letters that begin in a token."""
        values = (BYTE_OF[letter] for letter in self.text_of[index])
        return sum(byte > 0x20 and not 0x80 <= byte < 0xC0 for byte in values)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token ids; special tokens are kept, invalid UTF-8 becomes U+FFFD."""
        text = "".join(self.text_of[index] for index in ids)
        return bytes(BYTE_OF[letter] for letter in text if letter in BYTE_OF).decode(
            errors="replace"
        )


def printable_bytes() -> list[str]:
    """The character that represents each byte in a byte-level vocabulary."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = iter(range(256, 512))
    return [chr(byte) if byte in shown else chr(next(hidden)) for byte in range(256)]


BYTES = printable_bytes()
BYTE_OF = {letter: byte for byte, letter in enumerate(BYTES)}
