"""The network with the heads that teach it to see and to find; they are not exported."""

import functools

import numpy
import torch
import torch.nn.functional as F

from .batches import GRID, normalised
from .chat import NO_TARGET
from .data.auxiliary_targets import BOX, CHANGED, COUNTED, EARLIER, MOST, PARTNER, PLACE, TEXT
from .data.page import CLASSES, SLOTS
from .data.print_windows import STEPS
from .network import RMS_NORM_EPS, Linear, Network

# Sides of boxes in tens of thousandths, and how far off one may be.
SIDES, BLUR = 101, 1.0
# Picture tokens of a batch for which the dearest heads, thousands of classes wide, are worked out.
SOME = 160
# The vision tower and its heads: beginnings of names.
TOWER = ("network.vision", "glyphs", "extents")


class Learner(torch.nn.Module):
    """The network, and heads that are not exported (data/auxiliary_targets.py says what they are taught)."""

    def __init__(self, sizes):
        super().__init__()
        self.network, self.rows = Network(sizes), {}
        self.glyphs = Linear(sizes.vision.hidden, SLOTS * CLASSES, bias=True, gain=0.05)
        self.extents = Linear(sizes.vision.hidden, 4 * STEPS)
        # One set for each half of a picture token.
        self.text = Linear(sizes.hidden, 2 * sizes.vocabulary)
        self.earlier = Linear(sizes.hidden, 2 * 3 * sizes.vocabulary)
        self.partner = Linear(sizes.hidden, 2 * 2 * sizes.vocabulary)
        self.box = Linear(sizes.hidden, 2 * 4 * SIDES)
        self.changed = Linear(sizes.hidden, 2)
        self.counted = Linear(sizes.hidden, 4 * (MOST + 1))
        self.place = Linear(sizes.hidden, 2 * GRID)
        # Rows and columns of patches: two lines of small print fit into one picture token.
        self.where = Linear(sizes.hidden, 4 * GRID)
        self.aim = Linear(sizes.hidden, 4 * GRID)
        # What answers shall find must be there before the last layers of attention look for it:
        # names before the last mixer, counts and boxes made of them before the last but one.
        middle = sizes.pattern.rindex("M")
        finding = [i for i, kind in enumerate(sizes.pattern) if kind == "*" and i > middle]
        late = finding[-2:][0]
        for name, layer in (("middle", middle), ("late", late)):
            keep = functools.partial(self.keep, name)
            self.network.layers[layer].register_forward_pre_hook(keep)

    def tensor(self, array):
        """Where the parameters are."""
        return torch.from_numpy(numpy.ascontiguousarray(array)).to(self.glyphs.weight.device)

    def keep(self, name, _, inputs):
        (x,) = inputs
        self.rows[name] = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + RMS_NORM_EPS)

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
            grid = self.look(batch)
            if self.glyphs.weight.requires_grad:
                reading["glyphs"] = self.glyph_loss(grid, self.tensor(batch["cells"]))
            visual = self.network.projector(grid)
            visual = visual.flatten(0, -2)[self.tensor(batch["kept"]).flatten()]
            places = self.tensor(batch["places"])
        rows = self.network.hidden_rows(ids, visual, places)
        if places is not None:
            seen, late = self.rows["middle"][places], self.rows["late"][places]
            reading.update(self.found(batch, seen, late))
            where = self.tensor(batch["where"]).flatten(0, 1)
            reading["where"] = named(self.where, rows.flatten(0, 1), where)
            reading["aim"] = named(self.aim, self.rows["late"].flatten(0, 1), where)
        wanted = targets != NO_TARGET
        logits = self.network.lm_head(rows[wanted]).float()
        losses = F.cross_entropy(logits, targets[wanted], reduction="none")
        weights = wanted.sum(1, keepdim=True).clamp(min=1).rsqrt().expand_as(wanted)[wanted]
        right = (logits.argmax(-1) == targets[wanted]).sum()
        return (losses * weights).sum(), weights.sum(), len(losses), int(right), reading

    def found(self, batch, seen, late):
        """Losses of what answers shall find at picture tokens, rows of two depths: by name."""
        wholes = self.tensor(batch["wholes"])
        halves = self.likeliest(seen, self.tensor(batch["halves"]))
        return {
            "text": named(self.text, seen, halves[..., TEXT]),
            "earlier": 0.5 * named(self.earlier, seen, halves[..., EARLIER], SOME),
            "partner": named(self.partner, seen, halves[..., PARTNER], SOME),
            "changed": named(self.changed, seen, wholes[:, CHANGED]),
            "place": named(self.place, seen, wholes[:, PLACE]),
            "box": measured(self.box, late, halves[..., BOX]),
            "counted": 4 * named(self.counted, late, wholes[:, COUNTED]),
        }

    def look(self, batch, tower=None):
        """What the vision tower, or another, says of the pictures of a batch."""
        tower = tower or self.network.vision
        return tower(self.tensor(normalised(batch["pixels"])), batch["corner"])

    def see(self, batch):
        """What the vision tower alone is taught: losses by name."""
        grid = self.look(batch)
        extents = self.tensor(batch["extents"]).view(-1, 4)
        return {
            "glyphs": self.glyph_loss(grid, self.tensor(batch["cells"])),
            "extents": 0.5 * named(self.extents, grid.flatten(0, 2), extents),
        }

    @torch.no_grad()
    def likeliest(self, seen, halves):
        """Clues [SHIFTS, rows, 2, COLUMNS]: of the shifts under which a half holds a text token,
        the one whose token is the likeliest."""
        wanted = halves[..., TEXT].squeeze(-1)
        unsure = (wanted != wanted[0]).any(0).any(-1)
        told = self.text(seen[unsure]).float().unflatten(-1, (2, -1)).log_softmax(-1)
        wanted = wanted[:, unsure]
        told = told.expand(len(wanted), -1, -1, -1)
        told = told.gather(-1, wanted.clamp(min=0)[..., None])[..., 0]
        best = told.masked_fill(wanted < 0, -torch.inf).argmax(0)[None, ..., None]
        chosen = halves[0].clone()
        chosen[unsure] = halves[:, unsure].take_along_dim(best, 0)[0]
        return chosen

    def glyph_loss(self, grid, cells):
        """Mean over glyphs, and a fifth of the mean over empty slots. Cells [tiles, SHIFTS, rows,
        columns, SLOTS]: of the shifts each patch takes the likeliest."""
        likely = self.glyphs(grid).float()
        likely = likely.view(-1, SLOTS, CLASSES).log_softmax(-1)
        cells = cells.transpose(0, 1).reshape(cells.shape[1], -1, SLOTS)
        told = likely.detach().expand(len(cells), -1, -1, -1).gather(-1, cells[..., None])
        best = told.sum((2, 3)).argmax(0)
        cells = cells[best, torch.arange(len(best), device=cells.device)]
        loss = -likely.gather(-1, cells[..., None])[..., 0]
        full = (cells > 0).float()
        empty = 1 - full
        share = lambda mask: (loss * mask).sum() / mask.sum().clamp(min=1)
        return share(full) + 0.2 * share(empty)


def named(head, rows, wanted, most=None):
    """Mean loss of a head that names k classes for each row; wanted [rows, …], k in all
    for each, -1 for none. most: of how many rows, any of them, at most."""
    wanted = wanted.flatten(1)
    chosen = (wanted >= 0).any(1).nonzero()[:, 0]
    if len(chosen) == 0:
        return torch.zeros((), device=rows.device)
    if most is not None:
        chosen = chosen[torch.randperm(len(chosen), device=rows.device)[:most]]
    classes = wanted[chosen]
    logits = head(rows[chosen]).float().view(classes.numel(), -1)
    return F.cross_entropy(logits, classes.reshape(-1), ignore_index=-1)


def measured(head, rows, wanted):
    """As named, for sides of boxes: the nearer the better, and 0 at best."""
    wanted = wanted.flatten(1)
    chosen = (wanted >= 0).any(1)
    if not chosen.any():
        return torch.zeros((), device=rows.device)
    sides = wanted[chosen].flatten()
    told = head(rows[chosen]).float().view(-1, SIDES)[sides >= 0].log_softmax(-1)
    off = torch.arange(SIDES, device=rows.device) - sides[sides >= 0][:, None]
    target = (-0.5 * (off / BLUR).square()).log_softmax(-1)
    return F.kl_div(told, target, reduction="batchmean", log_target=True)
