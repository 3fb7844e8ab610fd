"""Tests of network.py."""

import unittest

import torch

from support import Exact, off
from vireo_training import network


class NetworkTest(unittest.TestCase):
    def test_the_chunked_scan_equals_the_recurrence(self):
        torch.manual_seed(1)
        x, dt = torch.randn(2, 37, 4, 8), torch.rand(2, 37, 4)
        a, b, c = -torch.rand(4) * 2, torch.randn(2, 37, 2, 16), torch.randn(2, 37, 2, 16)
        held, wanted = torch.zeros(2, 4, 8, 16), []
        for t in range(37):
            heads = [each[:, t].repeat_interleave(2, 1) for each in (b, c)]
            held = torch.exp(dt[:, t] * a)[..., None, None] * held
            held = held + (dt[:, t, :, None] * x[:, t])[..., None] * heads[0][:, :, None]
            wanted.append((held * heads[1][:, :, None]).sum(-1))
        with Exact():
            made = network.scan(x, dt, a, b, c, 8)
        self.assertLess(off(made, torch.stack(wanted, 1)), 1e-5)
