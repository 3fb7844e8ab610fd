"""Tests of tokenizer.py."""

import json
import pathlib
import tempfile
import unittest

from support import MINI
from vireo_training.tokenizer import Tokenizer


class TokenizerTest(unittest.TestCase):
    def test_merges_may_be_texts(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "tokenizer.json"
            held = json.loads((MINI / "tokenizer.json").read_text())
            held["model"]["merges"] = [" ".join(pair) for pair in held["model"]["merges"]]
            file.write_text(json.dumps(held))
            text = "The total is 93.10."
            self.assertEqual(Tokenizer(folder).encode(text), Tokenizer(MINI).encode(text))

    def test_decoding_returns_the_text(self):
        tokenizer = Tokenizer(MINI)
        for text in ("Größe 12.5 €", 'a "b" c\n\n d', "<TOOLCALL>[{}]</TOOLCALL>", "日本"):
            self.assertEqual(tokenizer.decode(tokenizer.encode(text)), text)
        held = json.loads((MINI / "tokenizer.json").read_text())
        self.assertEqual(len(tokenizer.vocab), len(held["model"]["vocab"]))
