"""Tests of checkpoint.py."""

import pathlib
import tempfile
import unittest

from support import SMALL, off
from vireo_training import checkpoint, export, network


class CheckpointTest(unittest.TestCase):
    def test_an_exported_network_loads_unchanged(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            own = network.Network(SMALL)
            export.write_safetensors(folder / "model.safetensors", export.tensors_of(own))
            export.write_json(folder / "config.json", export.config(SMALL, 1270))
            read = checkpoint.load(folder)
            self.assertEqual(read.sizes, own.sizes)
            for (name, a), (_, b) in zip(own.named_parameters(), read.named_parameters()):
                self.assertLess(off(b, a) if a.any() else 0, 3e-3, name)
