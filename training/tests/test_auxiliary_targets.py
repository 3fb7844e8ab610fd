"""Tests of data/auxiliary_targets.py."""

import random
import unittest

from support import MINI
from vireo_training.chat import tokens_of
from vireo_training.data import auxiliary_targets, scenes
from vireo_training.data.page import CLASS_OF, TRAINING_FONTS, Page
from vireo_training.tokenizer import Tokenizer


class AuxiliaryTargetsTest(unittest.TestCase):
    def test_a_glyph_near_a_border_may_be_in_either_patch(self):
        page = Page(64, 32, random.Random(1), TRAINING_FONTS, plain=True)
        page.glyphs = [(16.5, 8, "a"), (40, 8, "b")]
        cells = auxiliary_targets.patch_labels(page, 64, 32)[..., 0]
        a, b = CLASS_OF["a"], CLASS_OF["b"]
        held = {tuple(shift[0]) for shift in cells.tolist()}
        self.assertEqual(held, {(0, a, b, 0), (a, 0, b, 0)})

    def test_both_lines_of_a_picture_token_have_targets(self):
        tokenizer = Tokenizer(MINI)
        page = Page(64, 32, random.Random(1), TRAINING_FONTS, plain=True)
        page.text(0, 0, "7", 12)
        page.text(0, 16, "4", 12)
        halves, wholes = auxiliary_targets.picture_token_targets(page, tokenizer, 64, 32)
        texts = halves[0, :, :, 0].tolist()
        self.assertEqual(
            texts, [[tokenizer.encode_text("7")[0], tokenizer.encode_text("4")[0]], [-1, -1]]
        )
        self.assertEqual(wholes[:, auxiliary_targets.PLACE].tolist(), [[0, 0], [0, 1]])

    def test_text_has_targets_for_the_text_on_its_left_or_above(self):
        tokenizer = Tokenizer(MINI)
        page = Page(128, 64, random.Random(1), TRAINING_FONTS, plain=True)
        page.text(0, 0, "7", 12)
        page.text(64, 0, "4", 12)
        page.text(0, 32, "9", 12)
        self.assertEqual(
            auxiliary_targets.preceding_strings(page), [(None, None), (0, None), (None, 0)]
        )
        halves, _ = auxiliary_targets.picture_token_targets(page, tokenizer, 128, 64)
        seven = tokenizer.encode_text("7")[0]
        self.assertEqual(halves[0, 0, 0, auxiliary_targets.EARLIER].tolist(), [-1, -1, -1])
        self.assertEqual(halves[0, 2, 0, auxiliary_targets.EARLIER].tolist(), [seven, -1, -1])
        self.assertEqual(halves[0, 4, 0, auxiliary_targets.EARLIER].tolist(), [seven, -1, -1])

    def test_a_moved_shape_is_read_where_it_was_and_where_it_is(self):
        tokenizer, rng = Tokenizer(MINI), random.Random(8)
        while True:
            sample = scenes.pair(rng, TRAINING_FONTS)
            if "moved" in sample.turns[0][1]:
                break
        _, targets = tokens_of(sample, tokenizer, 256, rng)
        where = auxiliary_targets.source_patches(sample, targets, tokenizer, 512, 512)
        *_, start, end = sample.turns[0][1].spots
        ninths = {tuple(place * 3 // 32) for place in where if place[0] >= 0}
        self.assertEqual(ninths, {start[3:], end[3:]})

    def test_a_repeated_string_is_read_once(self):
        page = Page(128, 64, random.Random(1), TRAINING_FONTS, plain=True)
        page.text(0, 0, "Q1", 12)
        page.text(0, 32, "15", 12)
        read = auxiliary_targets.source_glyphs("Q1: 15. 15 + 15 = 30", page)
        self.assertEqual(read, [0, 1, -1, 2, 3, *9 * [-1]])
