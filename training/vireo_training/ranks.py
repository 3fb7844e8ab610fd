"""Several processes that learn together: parameters and their average lie in shared memory, each
process works out gradients for its share of a step and updates its share of the parameters.

On few and unreliable cores this is steadier than threads inside each operation: the processes
wait for one another three times a step instead of a thousand times.
"""

import multiprocessing

import torch


class Ranks:
    """Made before the processes are forked; join() then gives each its place."""

    def __init__(self, module, world, cost):
        """cost: how long the update of a (name, parameter) takes, next to others."""
        self.world, self.rank = world, 0
        self.params = list(module.parameters())
        count, device = sum(p.numel() for p in self.params), self.params[0].device
        if device.type != "cpu" and world > 1:
            raise ValueError("several processes share memory on a CPU only: take --ranks 1")
        held = lambda *shape: torch.zeros(*shape, device=device)
        shared = held if world == 1 else lambda *shape: held(*shape).share_memory_()
        self.values, self.mean, self.grads = shared(count), shared(count), shared(world, count)
        self.squares = torch.zeros(world, dtype=torch.float64).share_memory_()
        self.clock = torch.zeros(1, dtype=torch.float64).share_memory_()
        self.barrier = multiprocessing.Barrier(world)
        self.spans, at = [], 0
        for p in self.params:
            self.spans.append(slice(at, at + p.numel()))
            at += p.numel()
            self.values[self.spans[-1]] = p.detach().reshape(-1)
            p.data = self.values[self.spans[-1]].view_as(p)
        self.mean.copy_(self.values)
        self.owner = balanced([cost(*each) for each in module.named_parameters()], world)

    def join(self, rank):
        self.rank = rank
        for p, span in zip(self.params, self.spans):
            p.grad = self.grads[rank, span].view_as(p)

    def mine(self):
        """Parameters that this process updates."""
        return [p for p, owner in zip(self.params, self.owner) if owner == self.rank]

    @torch.no_grad()
    def combine(self, most):
        """Sums the gradients of this process's parameters over all processes; clips to `most`."""
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
        if norm > most:
            for span in spans:
                self.grads[self.rank, span] *= most / norm
        return norm

    @torch.no_grad()
    def settle(self, share):
        """After the update: moves the average, waits for all, forgets the gradients."""
        for span, owner in zip(self.spans, self.owner):
            if owner == self.rank:
                self.mean[span].lerp_(self.values[span], share)
        self.barrier.wait()
        self.grads[self.rank].zero_()


def balanced(costs, world):
    """The process of each parameter: the dearest first, to whoever has least."""
    load, owner = [0] * world, [0] * len(costs)
    for i in sorted(range(len(costs)), key=lambda i: -costs[i]):
        owner[i] = load.index(min(load))
        load[owner[i]] += costs[i]
    return owner
