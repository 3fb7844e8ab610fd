"""Tests of chat.py."""

import random
import unittest

from support import MINI
from vireo_training.chat import NO_TARGET, tokens_of
from vireo_training.data import mixture
from vireo_training.tokenizer import Tokenizer


class ChatTest(unittest.TestCase):
    def test_targets_are_the_answers_and_the_ends_of_turn(self):
        tokenizer, rng = Tokenizer(MINI), random.Random(6)
        for _ in range(30):
            sample = mixture.tile(rng)
            sample.resolve_answers()
            ids, targets = tokens_of(sample, tokenizer, 256, rng)
            learnt_targets = [t for t in targets if t != NO_TARGET]
            wanted = [i for _, a in sample.turns for i in [*tokenizer.encode(a), tokenizer.end]]
            self.assertEqual(learnt_targets, wanted)
