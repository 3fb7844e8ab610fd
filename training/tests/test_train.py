"""Tests of train.py."""

import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import torch

from vireo_training import train


class TrainTest(unittest.TestCase):
    def test_heads_of_older_runs_are_renamed(self):
        ones, zeros = torch.ones(2), torch.zeros(2)
        with tempfile.TemporaryDirectory() as folder:
            run = pathlib.Path(folder) / "run.pt"
            weights = {"where.weight": ones, "aim.weight": zeros, "text.weight": ones}
            torch.save({"learner": weights, "average": weights, "step": 3, "seconds": 1.0}, run)
            state = train.load_state(run)
        for key in ("learner", "average"):
            names = ["source_head.weight", "copy_head.weight", "text.weight"]
            self.assertEqual(list(state[key]), names)
            self.assertEqual(state[key]["copy_head.weight"].tolist(), [0, 0])
        self.assertEqual(state["step"], 3)

    def test_frozen_prefixes_are_read_under_both_names_of_the_flag(self):
        for flag in ("--freeze", "--still"):
            arguments = ["train", "--out", "out", flag, "network.vision,glyphs"]
            with mock.patch.object(sys, "argv", arguments):
                self.assertEqual(train.parse_options().freeze, ("network.vision", "glyphs"))

    def test_the_learning_rate_warms_up_and_falls(self):
        self.assertEqual(train.rate_at(0, 0), 1 / 50)
        self.assertEqual(train.rate_at(0, 49), 1)
        self.assertAlmostEqual(train.rate_at(0.5, 100), 0.51)
        self.assertAlmostEqual(train.rate_at(2, 100), 0.02)
