"""Tests of data/invoices.py."""

import json
import random
import unittest

from vireo_training.data import mixture


class InvoicesTest(unittest.TestCase):
    def test_every_field_of_an_invoice_is_located(self):
        sample = mixture.places(random.Random(4))
        sample.resolve_answers()
        boxes = [json.loads(answer) for _, answer in sample.turns]
        self.assertEqual(len(boxes), len({ask.rstrip("?.").split()[-1] for ask, _ in sample.turns}))
        for left, top, right, bottom in boxes:
            self.assertTrue(0 <= left < right <= 1000 and 0 <= top < bottom <= 1000)
