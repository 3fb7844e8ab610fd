"""Tests of plan.py."""

import unittest

from support import MINI
from vireo_training.plan import STAGES, BatchSource, Piece, rows_of


class PlanTest(unittest.TestCase):
    def test_processes_share_the_rows_of_a_step(self):
        for index, stage in enumerate(STAGES):
            drawn = [BatchSource("a", MINI, rank=rank, world=2).step(index) for rank in (0, 1)]
            for rank, (batches, windows) in enumerate(drawn):
                self.assertEqual(len(windows["pixels"]), stage.print_windows)
                for batch, row in zip(batches, stage.rows[rank::2], strict=True):
                    self.assertIn(batch["kind"], [piece.kind for piece in row])

    def test_no_print_is_drawn_for_a_frozen_tower(self):
        batches, windows = BatchSource("a", MINI, rows=[[Piece("spoken", 1)]], printed=False).step(
            0
        )
        self.assertEqual((len(batches), windows), (1, None))

    def test_rows_are_parsed_from_the_command_line(self):
        rows = [[Piece("counts", 12)], [Piece("pair", 1), Piece("clip", 2)]]
        self.assertEqual(rows_of("counts:12 pair:1|clip:2"), rows)
        with self.assertRaisesRegex(ValueError, "cats"):
            rows_of("counts:12 cats:1")
