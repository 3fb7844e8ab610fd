"""Tests of answers.py."""

import unittest

from support import MINI, Exact
from vireo_training import answers, checkpoint
from vireo_training.tokenizer import Tokenizer


class AnswersTest(unittest.TestCase):
    def test_a_draft_changes_no_answer(self):
        model, tokenizer = checkpoint.load(MINI), Tokenizer(MINI)
        item = {"images": [], "question": "Copy: two words"}
        with Exact():
            wanted, _ = answers.answer(model, tokenizer, item, MINI, 12)
            for draft in (wanted, wanted[:1], [wanted[0], 300, *wanted[2:]], [301, 302]):
                made, likeliest = answers.answer(model, tokenizer, item, MINI, 12, draft)
                self.assertEqual(made, wanted)
                self.assertEqual([each[0][0] for each in likeliest], wanted)
