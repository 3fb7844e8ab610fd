"""Optimisers: Muon for the matrices inside the network, AdamW for everything else.

Muon (momentum whose update is orthogonalised by a Newton-Schulz iteration) needs about half the
samples of AdamW for networks of this size; embeddings, head, norms and vectors stay with AdamW.
"""

import torch

from .fused import low

# Coefficients of the quintic iteration that drives all singular values towards 1.
QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonal(updates, rounds=5):
    """[n, rows, columns] to nearly orthogonal matrices of the same directions."""
    x = updates.to(low(updates.device))
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.transpose(1, 2)
    x = x / (x.float().norm(dim=(1, 2), keepdim=True) + 1e-7).to(x.dtype)
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
            if group["lr"] == 0:
                continue
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


def inside(name, p):
    """Whether this is a matrix inside the network, Muon's to update."""
    matrix = name.startswith("network") and p.ndim == 2 and name.endswith(".weight")
    return matrix and not ("embeddings" in name or "lm_head" in name)


def cost_of(name, p):
    """How long an update takes, next to others: Muon multiplies each element by a whole side."""
    return p.numel() * (min(p.shape) if inside(name, p) else 1)


def optimisers(named, muon=True, lr=2e-3, muon_lr=0.015):
    """A list of optimisers that covers every one of the (name, parameter) pairs."""
    matrices, vectors, heads = [], [], []
    for name, p in named:
        if not name.startswith("network"):
            heads.append(p)
        else:
            (matrices if muon and inside(name, p) else vectors).append(p)
    groups = [
        {"params": vectors, "heads": False, "lr": lr},
        {"params": heads, "heads": True, "lr": 4 * lr},
    ]
    groups = [group for group in groups if group["params"]]
    made = []
    if groups:
        made.append(torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01))
    if matrices:
        made.append(Muon([{"params": matrices, "heads": False}], lr=muon_lr))
    return made
