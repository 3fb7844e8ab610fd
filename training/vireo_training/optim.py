"""Optimisers: Muon for the matrices inside the network, AdamW for everything else.

Muon (momentum whose update is orthogonalised by a Newton-Schulz iteration) needs about half the
samples of AdamW for networks of this size; embeddings, head, norms and vectors stay with AdamW.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from .fused import low_precision

# Coefficients of the quintic iteration that drives all singular values towards 1.
QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonal(updates: Tensor, rounds: int = 5) -> Tensor:
    """[n, rows, columns] to nearly orthogonal matrices with the same singular vectors."""
    x = updates.to(low_precision(updates.device))
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
    """Momentum SGD on matrices whose updates are orthogonalised."""

    def __init__(
        self,
        params: Iterable,
        lr: float = 0.015,
        momentum: float = 0.95,
        decay: float = 0.01,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Updates every matrix that has a gradient; groups with rate 0 are skipped."""
        for group in self.param_groups:
            if group["lr"] == 0:
                continue
            by_shape: dict[torch.Size, list[nn.Parameter]] = {}
            for p in group["params"]:
                if p.grad is not None:
                    by_shape.setdefault(p.shape, []).append(p)
            for shape, params in by_shape.items():
                self.step_shape(group, shape, params)

    def step_shape(self, group: dict, shape: torch.Size, params: list[nn.Parameter]) -> None:
        """Updates the matrices of one shape, which are orthogonalised together."""
        steps = []
        for p in params:
            held = self.state[p].setdefault("momentum", torch.zeros_like(p))
            held.lerp_(p.grad, 1 - group["momentum"])
            steps.append(torch.lerp(p.grad, held, group["momentum"]))
        scale = max(1, shape[0] / shape[1]) ** 0.5
        for p, update in zip(params, orthogonal(torch.stack(steps))):
            p.mul_(1 - group["lr"] * group["decay"])
            p.add_(update, alpha=-group["lr"] * scale)


def is_inner_matrix(name: str, p: nn.Parameter) -> bool:
    """Whether Muon updates this parameter: a matrix inside the network."""
    matrix = name.startswith("network") and p.ndim == 2 and name.endswith(".weight")
    return matrix and not ("embeddings" in name or "lm_head" in name)


def cost_of(name: str, p: nn.Parameter) -> int:
    """The relative time of an update: Muon multiplies each element by a whole side."""
    return p.numel() * (min(p.shape) if is_inner_matrix(name, p) else 1)


def optimisers(
    named: Iterable[tuple[str, nn.Parameter]],
    muon: bool = True,
    lr: float = 2e-3,
    muon_lr: float = 0.015,
) -> list[torch.optim.Optimizer]:
    """The optimisers of all (name, parameter) pairs."""
    matrices: list[nn.Parameter] = []
    vectors: list[nn.Parameter] = []
    heads: list[nn.Parameter] = []
    for name, p in named:
        if not name.startswith("network"):
            heads.append(p)
        else:
            (matrices if muon and is_inner_matrix(name, p) else vectors).append(p)
    groups = [
        {"params": vectors, "heads": False, "lr": lr},
        {"params": heads, "heads": True, "lr": 4 * lr},
    ]
    groups = [group for group in groups if group["params"]]
    made: list[torch.optim.Optimizer] = []
    if groups:
        made.append(torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01))
    if matrices:
        made.append(Muon([{"params": matrices, "heads": False}], lr=muon_lr))
    return made
