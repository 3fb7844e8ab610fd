"""Data-parallel training in several processes: the parameters and their average lie in shared
memory, each process computes the gradients of its share of a step and updates its share of the
parameters.

On few, shared cores this is steadier than threads inside each operation: the processes wait for
one another three times per step instead of a thousand times.
"""

import multiprocessing
from collections.abc import Callable, Sequence

import torch
from torch import nn


class Ranks:
    """The shared state. Create it before the processes are forked; each then calls join()."""

    def __init__(
        self, module: nn.Module, world: int, cost: Callable[[str, nn.Parameter], int]
    ) -> None:
        """world: the number of processes. cost: the relative time of updating a parameter.

        Raises ValueError where several processes are asked for on an accelerator.
        """
        self.world, self.rank = world, 0
        self.params = list(module.parameters())
        count, device = sum(p.numel() for p in self.params), self.params[0].device
        if device.type != "cpu" and world > 1:
            raise ValueError("several processes share memory on a CPU only: take --ranks 1")
        held = lambda *shape: torch.zeros(*shape, device=device)
        shared = held if world == 1 else lambda *shape: held(*shape).share_memory_()
        self.values, self.average, self.grads = shared(count), shared(count), shared(world, count)
        self.squares = torch.zeros(world, dtype=torch.float64).share_memory_()
        self.clock = torch.zeros(1, dtype=torch.float64).share_memory_()
        self.barrier = multiprocessing.Barrier(world)
        self.spans: list[slice] = []
        at = 0
        for p in self.params:
            self.spans.append(slice(at, at + p.numel()))
            at += p.numel()
            self.values[self.spans[-1]] = p.detach().reshape(-1)
            p.data = self.values[self.spans[-1]].view_as(p)
        self.average.copy_(self.values)
        self.owner = balanced([cost(*each) for each in module.named_parameters()], world)

    def join(self, rank: int) -> None:
        """Makes this process the one of index `rank` and points its gradients to its row."""
        self.rank = rank
        for p, span in zip(self.params, self.spans):
            p.grad = self.grads[rank, span].view_as(p)

    def owned_parameters(self) -> list[nn.Parameter]:
        """The parameters that this process updates."""
        return [p for p, owner in zip(self.params, self.owner) if owner == self.rank]

    @torch.no_grad()
    def reduce_gradients(self, max_norm: float) -> float:
        """Sums the gradients of the owned parameters over all processes and clips their norm.

        Returns the norm of all gradients before clipping.
        """
        self.barrier.wait()
        spans = [s for s, owner in zip(self.spans, self.owner) if owner == self.rank]
        for span in spans:
            for other in range(self.world):
                if other != self.rank:
                    self.grads[self.rank, span] += self.grads[other, span]
        self.squares[self.rank] = sum(
            float(self.grads[self.rank, span].square().sum()) for span in spans
        )
        self.barrier.wait()
        norm = float(self.squares.sum()) ** 0.5
        if norm > max_norm:
            for span in spans:
                self.grads[self.rank, span] *= max_norm / norm
        return norm

    @torch.no_grad()
    def finish_step(self, share: float) -> None:
        """After the update: moves the average by `share`, waits for all, zeroes the gradients."""
        for span, owner in zip(self.spans, self.owner):
            if owner == self.rank:
                self.average[span].lerp_(self.values[span], share)
        self.barrier.wait()
        self.grads[self.rank].zero_()


def balanced(costs: Sequence[int], world: int) -> list[int]:
    """The owner of each parameter: the costliest first, each to the process with the least load."""
    load, owner = [0] * world, [0] * len(costs)
    for i in sorted(range(len(costs)), key=lambda i: -costs[i]):
        owner[i] = load.index(min(load))
        load[owner[i]] += costs[i]
    return owner
