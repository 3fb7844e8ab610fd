"""The network with the auxiliary heads that teach it to see and to find; they are not exported."""

import functools

import numpy
import torch
import torch.nn.functional as F
from torch import Tensor

from .batches import GRID, Batch, normalised
from .chat import NO_TARGET
from .data.auxiliary_targets import (
    BOX,
    CHANGED,
    COUNTED,
    EARLIER,
    MAX_COUNT,
    PARTNER,
    PLACE,
    TEXT,
)
from .data.page import CLASSES, SLOTS
from .data.print_windows import STEPS
from .network import RMS_NORM_EPS, Linear, Network, VisionTower
from .sizes import Sizes

# Classes of a side of a box, in hundredths of the tile, and the standard deviation of its target.
BOX_CLASSES, BOX_BLUR = 101, 1.0
# The heads with thousands of classes are computed for this many random picture tokens of a batch.
SAMPLED_TOKENS = 160
# Name prefixes of the parameters of the vision tower and its heads.
TOWER_PREFIXES = ("network.vision", "glyphs", "extents")
# Names of heads in runs that were saved before they were renamed.
RENAMED_HEADS = {"where.weight": "source_head.weight", "aim.weight": "copy_head.weight"}


class Learner(torch.nn.Module):
    """The network and its auxiliary heads; data/auxiliary_targets.py describes their targets.

    The names of the heads are those of the parameters in saved runs.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.network = Network(sizes)
        # Normed inputs of two layers in the latest forward pass, by name.
        self.captured: dict[str, Tensor] = {}
        self.glyphs = Linear(sizes.vision.hidden, SLOTS * CLASSES, bias=True, gain=0.05)
        self.extents = Linear(sizes.vision.hidden, 4 * STEPS)
        # These four predict a set of targets for each half of a picture token.
        self.text = Linear(sizes.hidden, 2 * sizes.vocabulary)
        self.earlier = Linear(sizes.hidden, 2 * 3 * sizes.vocabulary)
        self.partner = Linear(sizes.hidden, 2 * 2 * sizes.vocabulary)
        self.box = Linear(sizes.hidden, 2 * 4 * BOX_CLASSES)
        self.changed = Linear(sizes.hidden, 2)
        self.counted = Linear(sizes.hidden, 4 * (MAX_COUNT + 1))
        self.place = Linear(sizes.hidden, 2 * GRID)
        # Row and column of the patch that an answer token is read from: after the last layer, and
        # before the last attention layers, which then look there.
        self.source_head = Linear(sizes.hidden, 4 * GRID)
        self.copy_head = Linear(sizes.hidden, 4 * GRID)
        # Information that answers need must exist before the last attention layers look for it:
        # names before the last mixer, counts and boxes, which are computed from them, before the
        # last layer but one.
        middle = sizes.pattern.rindex("M")
        finding = [i for i, kind in enumerate(sizes.pattern) if kind == "*" and i > middle]
        late = finding[-2:][0]
        for name, layer in (("middle", middle), ("late", late)):
            capture = functools.partial(self._capture, name)
            self.network.layers[layer].register_forward_pre_hook(capture)

    def to_device(self, array: numpy.ndarray) -> Tensor:
        """The array as a tensor on the device of the parameters."""
        return torch.from_numpy(numpy.ascontiguousarray(array)).to(self.glyphs.weight.device)

    def _capture(self, name: str, _: torch.nn.Module, inputs: tuple[Tensor]) -> None:
        (x,) = inputs
        self.captured[name] = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + RMS_NORM_EPS)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, int, int, dict[str, Tensor]]:
        """The losses of a batch.

        Returns the weighted sum of the answer losses, the sum of the weights, the number of answer
        tokens, the number predicted correctly, and the auxiliary losses by name. Each token of an
        answer of n tokens has the weight 1/√n.

        The auxiliary losses teach to see and to find before answers can. The vision tower
        classifies the glyphs of every patch. At each picture token, the language model predicts
        the text tokens whose glyphs end there and what belongs to them elsewhere, so attention
        finds text that is already spelt. It also predicts the position of each picture token, and
        the patch from which each answer token is read.
        """
        ids, targets = self.to_device(batch["ids"]), self.to_device(batch["targets"])
        auxiliary: dict[str, Tensor] = {}
        visual, mask = None, None
        if "pixels" in batch:
            grid = self.vision_features(batch)
            if self.glyphs.weight.requires_grad:
                labels = self.to_device(batch["patch_labels"])
                auxiliary["glyphs"] = self.glyph_loss(grid, labels)
            visual = self.network.projector(grid)
            visual = visual.flatten(0, -2)[self.to_device(batch["kept_tokens"]).flatten()]
            mask = self.to_device(batch["picture_mask"])
        rows = self.network.hidden_rows(ids, visual, mask)
        if mask is not None:
            middle, late = self.captured["middle"][mask], self.captured["late"][mask]
            auxiliary.update(self.picture_token_losses(batch, middle, late))
            source = self.to_device(batch["source_patches"]).flatten(0, 1)
            late_rows = self.captured["late"].flatten(0, 1)
            auxiliary["source"] = classification_loss(self.source_head, rows.flatten(0, 1), source)
            auxiliary["copy"] = classification_loss(self.copy_head, late_rows, source)
        wanted = targets != NO_TARGET
        logits = self.network.lm_head(rows[wanted]).float()
        losses = F.cross_entropy(logits, targets[wanted], reduction="none")
        weights = wanted.sum(1, keepdim=True).clamp(min=1).rsqrt().expand_as(wanted)[wanted]
        right = (logits.argmax(-1) == targets[wanted]).sum()
        return (losses * weights).sum(), weights.sum(), len(losses), int(right), auxiliary

    def picture_token_losses(self, batch: Batch, middle: Tensor, late: Tensor) -> dict[str, Tensor]:
        """Auxiliary losses at the picture tokens, by name.

        middle, late: [picture tokens, hidden], the normed rows at two depths.
        """
        whole = self.to_device(batch["token_targets"])
        halves = self.likeliest_targets(middle, self.to_device(batch["half_targets"]))
        sampled = functools.partial(classification_loss, max_rows=SAMPLED_TOKENS)
        return {
            "text": classification_loss(self.text, middle, halves[..., TEXT]),
            "earlier": 0.5 * sampled(self.earlier, middle, halves[..., EARLIER]),
            "partner": sampled(self.partner, middle, halves[..., PARTNER]),
            "changed": classification_loss(self.changed, middle, whole[:, CHANGED]),
            "place": classification_loss(self.place, middle, whole[:, PLACE]),
            "box": box_loss(self.box, late, halves[..., BOX]),
            "counted": 4 * classification_loss(self.counted, late, whole[:, COUNTED]),
        }

    def vision_features(self, batch: Batch, tower: VisionTower | None = None) -> Tensor:
        """[tiles, h/16, w/16, hidden]: the features of a batch's pictures, from the network's own
        vision tower or another."""
        tower = tower or self.network.vision
        return tower(self.to_device(normalised(batch["pixels"])), batch["corner"])

    def vision_losses(self, batch: Batch) -> dict[str, Tensor]:
        """The losses of the vision tower alone on windows of print, by name."""
        grid = self.vision_features(batch)
        extents = self.to_device(batch["extents"]).view(-1, 4)
        return {
            "glyphs": self.glyph_loss(grid, self.to_device(batch["patch_labels"])),
            "extents": 0.5 * classification_loss(self.extents, grid.flatten(0, 2), extents),
        }

    @torch.no_grad()
    def likeliest_targets(self, rows: Tensor, halves: Tensor) -> Tensor:
        """[picture tokens, 2, COLUMNS]: for each half token its targets under the shift whose text
        token the network finds likeliest.

        rows: [picture tokens, hidden]. halves: [SHIFTS, picture tokens, 2, COLUMNS].
        """
        wanted = halves[..., TEXT].squeeze(-1)
        unsure = (wanted != wanted[0]).any(0).any(-1)
        scores = self.text(rows[unsure]).float().unflatten(-1, (2, -1)).log_softmax(-1)
        wanted = wanted[:, unsure]
        scores = scores.expand(len(wanted), -1, -1, -1)
        scores = scores.gather(-1, wanted.clamp(min=0)[..., None])[..., 0]
        best = scores.masked_fill(wanted < 0, -torch.inf).argmax(0)[None, ..., None]
        chosen = halves[0].clone()
        chosen[unsure] = halves[:, unsure].take_along_dim(best, 0)[0]
        return chosen

    def glyph_loss(self, grid: Tensor, labels: Tensor) -> Tensor:
        """Mean loss over glyphs plus a fifth of the mean over empty slots.

        grid: [tiles, rows, columns, hidden]. labels: [tiles, SHIFTS, rows, columns, SLOTS]; each
        patch uses the shift whose labels are the likeliest.
        """
        scores = self.glyphs(grid).float()
        scores = scores.view(-1, SLOTS, CLASSES).log_softmax(-1)
        labels = labels.transpose(0, 1).reshape(labels.shape[1], -1, SLOTS)
        likely = scores.detach().expand(len(labels), -1, -1, -1).gather(-1, labels[..., None])
        best = likely.sum((2, 3)).argmax(0)
        labels = labels[best, torch.arange(len(best), device=labels.device)]
        loss = -scores.gather(-1, labels[..., None])[..., 0]
        full = (labels > 0).float()
        empty = 1 - full
        mean_over = lambda mask: (loss * mask).sum() / mask.sum().clamp(min=1)
        return mean_over(full) + 0.2 * mean_over(empty)


def classification_loss(
    head: torch.nn.Module, rows: Tensor, wanted: Tensor, max_rows: int | None = None
) -> Tensor:
    """Mean cross entropy of a head that predicts k classes for each row; 0 without targets.

    rows: [n, hidden]. wanted: [n, …], k classes in all for each row, -1 for no target.
    max_rows: computes the loss of at most this many rows, chosen at random.
    """
    wanted = wanted.flatten(1)
    chosen = (wanted >= 0).any(1).nonzero()[:, 0]
    if len(chosen) == 0:
        return torch.zeros((), device=rows.device)
    if max_rows is not None:
        chosen = chosen[torch.randperm(len(chosen), device=rows.device)[:max_rows]]
    classes = wanted[chosen]
    logits = head(rows[chosen]).float().view(classes.numel(), -1)
    return F.cross_entropy(logits, classes.reshape(-1), ignore_index=-1)


def box_loss(head: torch.nn.Module, rows: Tensor, wanted: Tensor) -> Tensor:
    """As classification_loss, for sides of boxes: the nearer the better.

    The loss is the divergence from a normal distribution about the right class, 0 at best.
    """
    wanted = wanted.flatten(1)
    chosen = (wanted >= 0).any(1)
    if not chosen.any():
        return torch.zeros((), device=rows.device)
    sides = wanted[chosen].flatten()
    scores = head(rows[chosen]).float().view(-1, BOX_CLASSES)[sides >= 0].log_softmax(-1)
    off = torch.arange(BOX_CLASSES, device=rows.device) - sides[sides >= 0][:, None]
    target = (-0.5 * (off / BOX_BLUR).square()).log_softmax(-1)
    return F.kl_div(scores, target, reduction="batchmean", log_target=True)
