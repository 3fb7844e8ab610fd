"""Tests of batches.py."""

import random
import unittest

import numpy

from vireo_training.batches import retained_tokens


class BatchesTest(unittest.TestCase):
    def test_a_video_keeps_its_first_frame_and_changed_tokens(self):
        frames = numpy.zeros((4, 64, 64, 3), numpy.uint8)
        frames[2:, :32, 32:] = 200
        frames[3, 32:, :32] = 200
        kept = retained_tokens(frames, 0.625, random.Random(1))
        rest = [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
        self.assertEqual(kept.astype(int).tolist(), [[1, 1, 1, 1], *rest])
        self.assertTrue(retained_tokens(frames, 0, random.Random(1)).all())
