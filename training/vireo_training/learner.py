"""The network with the heads that teach it to see and to find; they are not exported."""

import numpy
import torch
import torch.nn.functional as F

from .batches import GRID, normalised
from .chat import NO_TARGET
from .data.clues import BOX, CHANGED, EARLIER, PARTNER, PLACE, TEXT
from .data.page import CLASSES, SLOTS
from .data.print import STEPS
from .network import RMS_NORM_EPS, Linear, Network


class Learner(torch.nn.Module):
    """The network, and heads that are not exported (data/clues.py says what they are taught)."""

    def __init__(self, sizes):
        super().__init__()
        self.network = Network(sizes)
        self.glyphs = torch.nn.Linear(sizes.vision.hidden, SLOTS * CLASSES)
        self.extents = Linear(sizes.vision.hidden, 4 * STEPS)
        # One set for each half of a picture token.
        self.text = Linear(sizes.hidden, 2 * sizes.vocabulary)
        self.earlier = Linear(sizes.hidden, 2 * 3 * sizes.vocabulary)
        self.partner = Linear(sizes.hidden, 2 * 2 * sizes.vocabulary)
        self.box = Linear(sizes.hidden, 2 * 8 * 11)
        self.changed = Linear(sizes.hidden, 2)
        self.place = Linear(sizes.hidden, 2 * GRID)
        self.where = Linear(sizes.hidden, 2 * GRID)
        # What answers shall find must be there before the last attention layer looks for it.
        last = sizes.pattern.rindex("M", 0, sizes.pattern.rindex("*"))
        self.network.layers[last].register_forward_pre_hook(self.keep_middle)

    def tensor(self, array):
        """Where the parameters are."""
        return torch.from_numpy(numpy.ascontiguousarray(array)).to(self.glyphs.weight.device)

    def keep_middle(self, _, inputs):
        (x,) = inputs
        self.middle = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + RMS_NORM_EPS)

    def forward(self, batch):
        """(weighted sum of answer losses, sum of the weights, answer tokens, right ones, reading
        losses by name). A token weighs less the longer its answer is: 1/√n.

        The reading losses teach to see and to find before answers can. The vision tower names the
        glyphs of every patch. The language model names, at each picture token, the text tokens
        whose glyphs end there, and what belongs to them elsewhere; attention then finds what it
        looks for already spelt. It says where on the page a picture token stands, and where it
        reads what it writes.
        """
        ids, targets = self.tensor(batch["ids"]), self.tensor(batch["targets"])
        reading, visual, places = {}, None, None
        if "pixels" in batch:
            grid = self.network.vision(self.tensor(normalised(batch["pixels"])), batch["corner"])
            reading["glyphs"] = self.glyph_loss(grid, self.tensor(batch["cells"]))
            visual = self.network.projector(grid)
            visual, places = visual.reshape(-1, visual.shape[-1]), self.tensor(batch["places"])
        rows = self.network.hidden_rows(ids, visual, places)
        if places is not None:
            seen = self.middle[places]
            halves, wholes = self.tensor(batch["halves"]), self.tensor(batch["wholes"])
            reading["text"] = named(self.text, seen, halves[..., TEXT])
            reading["earlier"] = 0.5 * named(self.earlier, seen, halves[..., EARLIER])
            reading["partner"] = named(self.partner, seen, halves[..., PARTNER])
            reading["box"] = 0.5 * named(self.box, seen, halves[..., BOX])
            reading["changed"] = named(self.changed, seen, wholes[:, CHANGED])
            reading["place"] = named(self.place, seen, wholes[:, PLACE])
            where = self.tensor(batch["where"]).flatten(0, 1)
            reading["where"] = named(self.where, rows.flatten(0, 1), where)
        wanted = targets != NO_TARGET
        logits = self.network.lm_head(rows[wanted]).float()
        losses = F.cross_entropy(logits, targets[wanted], reduction="none")
        weights = wanted.sum(1, keepdim=True).clamp(min=1).rsqrt().expand_as(wanted)[wanted]
        right = (logits.argmax(-1) == targets[wanted]).sum()
        return (losses * weights).sum(), weights.sum(), len(losses), int(right), reading

    def see(self, batch):
        """What the vision tower alone is taught: losses by name."""
        grid = self.network.vision(self.tensor(normalised(batch["pixels"])), batch["corner"])
        extents = self.tensor(batch["extents"]).view(-1, 4)
        return {
            "glyphs": self.glyph_loss(grid, self.tensor(batch["cells"])),
            "extents": 0.5 * named(self.extents, grid.flatten(0, 2), extents),
        }

    def glyph_loss(self, grid, cells):
        """Mean over glyphs, and a fifth of the mean over empty slots."""
        weight, bias = self.glyphs.weight.bfloat16(), self.glyphs.bias.bfloat16()
        logits = F.linear(grid.bfloat16(), weight, bias).float().view(-1, CLASSES)
        cells = cells.view(-1)
        # Of the many empty slots one in eight is enough.
        chosen = (cells > 0) | (torch.rand(cells.shape, device=cells.device) < 0.125)
        logits, cells = logits[chosen], cells[chosen]
        loss = F.cross_entropy(logits, cells, reduction="none")
        full = (cells > 0).float()
        empty = 1 - full
        share = lambda mask: (loss * mask).sum() / mask.sum().clamp(min=1)
        return share(full) + 0.2 * share(empty)


def named(head, rows, wanted):
    """Mean loss of a head that names k classes for each row; wanted [rows, …], k in all
    for each, -1 for none."""
    wanted = wanted.flatten(1)
    chosen = (wanted >= 0).any(1)
    if not chosen.any():
        return torch.zeros((), device=rows.device)
    classes = wanted[chosen]
    logits = head(rows[chosen]).float().view(classes.numel(), -1)
    return F.cross_entropy(logits, classes.reshape(-1), ignore_index=-1)
