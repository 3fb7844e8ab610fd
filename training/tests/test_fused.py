"""Tests of fused.py."""

import unittest

import torch

from support import Exact, off
from vireo_training import fused, network
from vireo_training.sizes import Sizes


# The types of activations, and the relative error that each allows.
ELEMENTS = ((torch.bfloat16, 3e-3), (torch.float32, 1e-5))


class FusedTest(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        if fused.library(torch.float32) is None:
            self.skipTest("no C++ compiler: plain PyTorch is used")

    def test_mamba_and_its_gradients(self):
        for element, near in ELEMENTS:
            mixer = network.Mamba2(Sizes())
            with torch.no_grad():
                for p in mixer.parameters():
                    p.add_(torch.randn_like(p) * 0.05)
            for tokens in (5, 64, 150):
                u = torch.randn(3, tokens, 1160).to(element).requires_grad_()
                dout = torch.randn(3, tokens, 512).to(element)
                plain = u.detach().float().requires_grad_()
                with Exact():
                    wanted = mixer.mix(plain)
                wanted.backward(dout.float())
                grads = {n: p.grad for n, p in mixer.named_parameters() if p.grad is not None}
                mixer.zero_grad(set_to_none=True)
                names = ("conv_weight", "conv_bias", "dt_bias", "A_log", "D", "norm_weight")
                made = fused.MambaMix.apply(u, *(getattr(mixer, name) for name in names))
                made.backward(dout)
                self.assertLess(off(made, wanted), near)
                self.assertLess(off(u.grad, plain.grad), near)
                for name in names:
                    self.assertLess(off(getattr(mixer, name).grad, grads[name]), 1e-3, name)
                mixer.zero_grad(set_to_none=True)

    def test_norms_and_their_gradients(self):
        for element, near in ELEMENTS:
            for bias in (None, torch.randn(192, requires_grad=True)):
                x = torch.randn(50, 192, requires_grad=True)
                weight = torch.randn(192, requires_grad=True)
                dout = torch.randn(50, 192).to(element)
                leaves = [x, weight, *([bias] if bias is not None else [])]
                centred = x if bias is None else x - x.mean(-1, keepdim=True)
                eps = network.RMS_NORM_EPS if bias is None else network.LAYER_NORM_EPS
                scale = torch.rsqrt(centred.square().mean(-1, keepdim=True) + eps)
                wanted = centred * scale * weight + (0 if bias is None else bias)
                grads = torch.autograd.grad(wanted, leaves, dout.float())
                made = fused.Norm.apply(x, weight, bias, element)
                self.assertLess(off(made, wanted), near)
                for got, want in zip(torch.autograd.grad(made, leaves, dout), grads):
                    self.assertLess(off(got, want), 1e-4)

    def test_attention_and_its_gradients(self):
        for element, near in ELEMENTS:
            for tokens in (3, 32, 64, 70, 300):
                for causal in (False, True):
                    low = [torch.randn(2, 3, tokens, 64).to(element) for _ in range(3)]
                    plain = [t.float().requires_grad_() for t in low]
                    low = [t.requires_grad_() for t in low]
                    dout = torch.randn(2, 3, tokens, 64).to(element)
                    with Exact():
                        wanted = network.attend(*plain, causal=causal)
                    wanted.backward(dout.float())
                    made = fused.Attend.apply(*low, causal)
                    made.backward(dout)
                    self.assertLess(off(made, wanted), 2 * near)
                    for a, b in zip(low, plain):
                        self.assertLess(off(a.grad, b.grad), 4 * near)
