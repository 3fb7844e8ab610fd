"""Tests of lora.py."""

import unittest

import torch

from support import SMALL, Exact, off
from vireo_training import lora, network


class LoraTest(unittest.TestCase):
    def test_merged_adapters_answer_like_adapters(self):
        torch.manual_seed(2)
        own = network.Network(SMALL)
        adapters = lora.adapt(own, 4, 2.0)
        for adapter in adapters.values():
            torch.nn.init.normal_(adapter.b, std=0.1)
        ids = torch.randint(0, 1000, (1, 20))
        with Exact(), torch.no_grad():
            wanted = own.logits(ids)
            for name, adapter in adapters.items():
                _, index, _, leaf, _ = name.split(".")
                adapter.base.weight.data = adapter.merged()
                setattr(own.layers[int(index)].mixer, leaf, adapter.base)
            self.assertLess(off(own.logits(ids), wanted), 1e-5)

    def test_recomputed_layers_have_the_same_gradients(self):
        torch.manual_seed(3)
        own = network.Network(SMALL)
        adapters = lora.adapt(own, 4, 2.0)
        ids, found = torch.randint(0, 1000, (1, 20)), []
        with Exact():
            for own.recomputes in (False, True):
                own.logits(ids).square().mean().backward()
                found.append([each.b.grad.clone() for each in adapters.values()])
                own.zero_grad()
        for a, b in zip(*found):
            self.assertEqual(off(a, b), 0)
