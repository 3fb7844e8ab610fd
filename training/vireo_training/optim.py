"""Optimisers: Muon for the matrices inside the network, AdamW for everything else.

Muon (momentum whose update is orthogonalised by a Newton-Schulz iteration) needs about half the
samples of AdamW for networks of this size; embeddings, head, norms and vectors stay with AdamW.
"""

import torch

# Coefficients of the quintic iteration that drives all singular values towards 1.
QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonal(updates, rounds=5):
    """[n, rows, columns] to nearly orthogonal matrices of the same directions, in bfloat16."""
    x = updates.bfloat16()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.transpose(1, 2)
    x = x / (x.float().norm(dim=(1, 2), keepdim=True) + 1e-7).bfloat16()
    a, b, c = QUINTIC
    for _ in range(rounds):
        square = x @ x.transpose(1, 2)
        x = a * x + (b * square + c * (square @ square)) @ x
    return (x.transpose(1, 2) if tall else x).float()


class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr=0.015, momentum=0.95, decay=0.01):
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            alike = {}
            for p in group["params"]:
                if p.grad is not None:
                    alike.setdefault(p.shape, []).append(p)
            for shape, params in alike.items():
                self.step_alike(group, shape, params)

    def step_alike(self, group, shape, params):
        """Matrices of one shape are orthogonalised together."""
        steps = []
        for p in params:
            held = self.state[p].setdefault("momentum", torch.zeros_like(p))
            held.lerp_(p.grad, 1 - group["momentum"])
            steps.append(torch.lerp(p.grad, held, group["momentum"]))
        scale = max(1, shape[0] / shape[1]) ** 0.5
        for p, update in zip(params, orthogonal(torch.stack(steps))):
            p.mul_(1 - group["lr"] * group["decay"])
            p.add_(update, alpha=-group["lr"] * scale)


def optimisers(named, muon=True, lr=2e-3, muon_lr=0.015):
    """A list of optimisers that covers every one of the (name, parameter) pairs."""
    matrices, rest = [], []
    for name, p in named:
        inside = p.ndim == 2 and name.endswith(".weight")
        outer = "embeddings" in name or "lm_head" in name or not name.startswith("network")
        (matrices if muon and inside and not outer else rest).append(p)
    adam = torch.optim.AdamW(rest, lr=lr, betas=(0.9, 0.98), weight_decay=0.01) if rest else None
    return [each for each in (adam, Muon(matrices, lr=muon_lr) if matrices else None) if each]
