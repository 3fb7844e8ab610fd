"""The network in plain PyTorch: C-RADIO vision tower, projector, NemotronH decoder.

Residual streams, norms and the state-space scan are float32; matrix products are bfloat16 with
float32 accumulation, as in the engine, or float32 on a CPU without units for that. Formulas:
MODEL.md of the repository.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from . import fused
from .sizes import Sizes, VisionSizes

LAYER_NORM_EPS = 1e-6
RMS_NORM_EPS = 1e-5


class Linear(nn.Module):
    """y = x·Wᵀ (+ b) with float32 weights; computed in low precision, or in float32 if exact."""

    exact = False

    def __init__(self, columns: int, rows: int, bias: bool = False, gain: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(rows, columns) * gain / math.sqrt(columns))
        self.bias = nn.Parameter(torch.zeros(rows)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        if Linear.exact:
            return F.linear(x.float(), self.weight.float(), self.bias)
        low = fused.low_precision(x.device)
        x, weight = x.to(low), self.weight.to(low)
        if self.bias is None and x.device.type == "cpu":
            return fused.Product.apply(x, weight)
        return F.linear(x, weight, None if self.bias is None else self.bias.to(low))


class RmsNorm(nn.Module):
    """x / sqrt(mean(x²) + eps) · weight over the last dimension, [..., width] to [..., width]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        if not Linear.exact and fused.is_usable(x):
            return fused.Norm.apply(x, self.weight, None, fused.low_precision(x.device))
        x = x.float()
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + RMS_NORM_EPS) * self.weight


class LayerNorm(nn.Module):
    """Layer norm with weight and bias over the last dimension."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        if not Linear.exact and fused.is_usable(x):
            return fused.Norm.apply(x, self.weight, self.bias, fused.low_precision(x.device))
        shape = self.weight.shape
        return F.layer_norm(x.float(), shape, self.weight, self.bias, LAYER_NORM_EPS)


def attend(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    """softmax(q·kᵀ/√d)·v for [batch, heads, tokens, d]; scores are float32 when exact."""
    if not Linear.exact and q.shape[-1] == 64 and fused.is_usable(q):
        return fused.Attend.apply(q, k, v, causal)
    if not Linear.exact and q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    scores = (q * (q.shape[-1] ** -0.5)) @ k.transpose(-1, -2)
    if causal:
        tokens = q.shape[-2]
        scores = scores + torch.full((tokens, tokens), -torch.inf, device=q.device).triu(1)
    return torch.softmax(scores, -1).to(v.dtype) @ v


class VisionBlock(nn.Module):
    """Attention and MLP of one tower layer: [tiles, tokens, hidden] to the same shape."""

    def __init__(self, sizes: VisionSizes) -> None:
        super().__init__()
        self.heads = sizes.heads
        self.norm1 = LayerNorm(sizes.hidden)
        self.qkv = Linear(sizes.hidden, 3 * sizes.hidden, bias=True)
        self.proj = Linear(sizes.hidden, sizes.hidden, bias=True, gain=0.3)
        self.norm2 = LayerNorm(sizes.hidden)
        self.fc1 = Linear(sizes.hidden, sizes.mlp, bias=True)
        self.fc2 = Linear(sizes.mlp, sizes.hidden, bias=True, gain=0.3)

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, hidden = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, tokens, 3, self.heads, hidden // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = attend(q, k, v).transpose(1, 2).reshape(batch, tokens, hidden)
        x = x + self.proj(mixed)
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


def resized(grid: Tensor, rows: int, columns: int) -> Tensor:
    """[n, n, width] to [rows, columns, width]: bilinear, align_corners false, no antialias."""
    planes = grid.permute(2, 0, 1)[None].float()
    planes = F.interpolate(planes, (rows, columns), mode="bilinear", align_corners=False)
    return planes[0].permute(1, 2, 0)


def waves(side: int, width: int, amplitude: float = 0.7) -> Tensor:
    """[1, side², width]: sines and cosines of the row, then of the column, with periods from four
    patches to twice the side. A table that starts as noise stays noise, and places are not learnt.
    """
    count = width // 4
    turns = 2 * math.pi / torch.logspace(math.log10(4), math.log10(2 * side), count)
    angles = torch.arange(side)[:, None] * turns
    line = torch.cat([angles.sin(), angles.cos()], 1)
    rows = line[:, None].expand(side, side, -1)
    columns = line[None].expand(side, side, -1)
    return amplitude * torch.cat([rows, columns], -1).reshape(1, side * side, -1)


class VisionTower(nn.Module):
    """Tiles to patch features. A tile covers the whole position grid, a window a part of it."""

    def __init__(self, sizes: VisionSizes, tile_px: int) -> None:
        super().__init__()
        self.sizes = sizes
        self.tile_side = tile_px // sizes.patch
        self.embedder = Linear(3 * sizes.patch**2, sizes.hidden)
        side = sizes.position_side
        self.position = nn.Parameter(waves(side, sizes.hidden))
        self.prefix = nn.Parameter(torch.randn(sizes.prefix_tokens, sizes.hidden) * 0.1)
        self.blocks = nn.ModuleList(VisionBlock(sizes) for _ in range(sizes.layers))

    def forward(self, pixels: Tensor, corner: tuple[int, ...] | None = (0, 0)) -> Tensor:
        """[tiles, 3, h, w] normalised pixels to [tiles, h/16, w/16, hidden].

        corner: the (row, column) of the window in the position grid, in patches, or None where the
        picture stands for a whole tile. A grid finer than the tile (published towers: 128 for 32)
        is interpolated down to it.
        """
        tiles, _, height, width = pixels.shape
        size, side = self.sizes.patch, self.sizes.position_side
        rows, columns = height // size, width // size
        patches = pixels.view(tiles, 3, rows, size, columns, size).permute(0, 2, 4, 1, 3, 5)
        x = self.embedder(patches.reshape(tiles, rows * columns, -1)).float()
        grid = self.position.view(side, side, -1)
        if self.tile_side != side:
            grid = resized(grid, self.tile_side, self.tile_side)
        if corner is None:
            window = resized(grid, rows, columns)
        else:
            window = grid[corner[0] : corner[0] + rows, corner[1] : corner[1] + columns]
        x = x + window.reshape(1, rows * columns, -1)
        x = torch.cat([self.prefix.expand(tiles, -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        return x[:, self.sizes.prefix_tokens :].view(tiles, rows, columns, -1)


class Projector(nn.Module):
    """Pixel shuffle v2 of two by two patches, then norm, linear, relu², linear."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.norm = RmsNorm(4 * sizes.vision.hidden)
        self.up = Linear(4 * sizes.vision.hidden, sizes.projector)
        self.down = Linear(sizes.projector, sizes.hidden)

    def forward(self, grid: Tensor) -> Tensor:
        tiles, rows, columns, width = grid.shape
        cells = grid.view(tiles, rows // 2, 2, columns // 2, 2, width).permute(0, 1, 3, 2, 4, 5)
        cells = cells.reshape(tiles, rows * columns // 4, 4 * width)
        return self.down(F.relu(self.up(self.norm(cells))).square())


class Mamba2(nn.Module):
    """A Mamba-2 mixer: [batch, tokens, hidden] to the same shape."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        inner, conv, heads = sizes.inner, sizes.conv_width, sizes.mamba_heads
        self.in_proj = Linear(sizes.hidden, inner + conv + heads)
        self.conv_weight = nn.Parameter(torch.randn(conv, 4) * 0.4)
        self.conv_bias = nn.Parameter(torch.zeros(conv))
        steps = torch.exp(torch.linspace(math.log(0.002), math.log(0.3), heads))
        self.dt_bias = nn.Parameter(steps + torch.log(-torch.expm1(-steps)))
        # The first heads decay slowly, because counts are sums over a whole picture.
        self.A_log = nn.Parameter(torch.linspace(math.log(0.03), math.log(8), heads))
        self.D = nn.Parameter(torch.ones(heads))
        self.norm_weight = nn.Parameter(torch.ones(inner))
        self.out_proj = Linear(inner, sizes.hidden, gain=0.3)
        self.fits_fused = (sizes.groups, sizes.state, sizes.mamba_head_dim) == (1, 64, 64)

    def forward(self, x: Tensor) -> Tensor:
        u = self.in_proj(x)
        if not Linear.exact and self.fits_fused and fused.is_usable(x):
            vectors = (self.conv_bias, self.dt_bias, self.A_log, self.D, self.norm_weight)
            return self.out_proj(fused.MambaMix.apply(u, self.conv_weight, *vectors))
        return self.out_proj(self.mix(u.float()))

    def mix(self, u: Tensor) -> Tensor:
        """Everything but the projections: split, convolution, scan, gate, norm.

        u: [batch, tokens, 2·inner + 2·groups·state + heads] to [batch, tokens, inner].
        """
        sizes = self.sizes
        batch, tokens, _ = u.shape
        inner, width = sizes.inner, sizes.groups * sizes.state
        z, xbc, dt = u.split([inner, sizes.conv_width, sizes.mamba_heads], -1)
        xbc = F.silu(self.convolve(xbc))
        values, b, c = xbc.split([inner, width, width], -1)
        values = values.reshape(batch, tokens, sizes.mamba_heads, sizes.mamba_head_dim)
        b = b.reshape(batch, tokens, sizes.groups, sizes.state)
        c = c.reshape(batch, tokens, sizes.groups, sizes.state)
        y = scan(values, F.softplus(dt + self.dt_bias), -self.A_log.exp(), b, c, sizes.chunk)
        y = (y + self.D[:, None] * values).reshape(batch, tokens, inner) * F.silu(z)
        y = y.view(batch, tokens, sizes.groups, -1)
        y = y * torch.rsqrt(y.square().mean(-1, keepdim=True) + RMS_NORM_EPS)
        return y.view(batch, tokens, inner) * self.norm_weight

    def convolve(self, x: Tensor) -> Tensor:
        """Causal depthwise convolution of four steps; index 3 of the kernel is the current step."""
        tokens = x.shape[1]
        padded = F.pad(x, (0, 0, 3, 0))
        y = self.conv_bias + padded[:, 3:] * self.conv_weight[:, 3]
        for k in range(3):
            y = y + padded[:, k : k + tokens] * self.conv_weight[:, k]
        return y


def scan(x: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor, chunk: int) -> Tensor:
    """The state-space recurrence S ← exp(Δ·A)·S + Δ·x⊗B, y = S·C, in chunks (SSD).

    x [batch, L, heads, P], dt [batch, L, heads], a [heads], b and c [batch, L, groups, N];
    returns [batch, L, heads, P]. Exponents are differences of running sums, never positive.
    """
    batch, length, heads, dim = x.shape
    groups, state = b.shape[2:]
    pad = -length % chunk
    if pad:
        x, b, c = (F.pad(t, (0, 0, 0, 0, 0, pad)) for t in (x, b, c))
        dt = F.pad(dt, (0, 0, 0, pad))
    chunks = (length + pad) // chunk
    low = (lambda t: t) if Linear.exact else (lambda t: t.to(fused.low_precision(t.device)))
    # [batch, chunks, heads or groups, chunk, width]
    x = (x * dt[..., None]).view(batch, chunks, chunk, heads, dim).transpose(2, 3)
    b = b.view(batch, chunks, chunk, groups, state).transpose(2, 3)
    c = c.view(batch, chunks, chunk, groups, state).transpose(2, 3)
    sums = (dt * a).view(batch, chunks, chunk, heads).transpose(2, 3).cumsum(-1)
    per_group = heads // groups

    def heads_of(t: Tensor) -> Tensor:
        return t if groups == 1 else t.repeat_interleave(per_group, 2)

    mask = torch.full((chunk, chunk), -torch.inf, device=x.device).triu(1)
    decay = torch.exp(sums[..., :, None] - sums[..., None, :] + mask)
    products = heads_of(low(c) @ low(b).transpose(-1, -2))
    y = low(products * decay) @ low(x)
    to_end = torch.exp(sums[..., -1:] - sums)
    added = low(x * to_end[..., None]).transpose(-1, -2) @ low(heads_of(b))
    if chunks == 1:
        y = y.float()
    else:
        kept = torch.exp(sums[..., -1])[..., None, None]
        before, held = [], torch.zeros_like(added[:, 0]).float()
        for i in range(chunks):
            before.append(held)
            held = kept[:, i] * held + added[:, i]
        inter = low(heads_of(c)) @ low(torch.stack(before, 1)).transpose(-1, -2)
        y = y + torch.exp(sums)[..., None] * inter
    return y.transpose(2, 3).reshape(batch, chunks * chunk, heads, dim)[:, :length].float()


class Attention(nn.Module):
    """Causal attention with shared key and value heads: [batch, tokens, hidden] to the same."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        width, kv = sizes.heads * sizes.head_dim, sizes.kv_heads * sizes.head_dim
        self.q_proj = Linear(sizes.hidden, width)
        self.k_proj = Linear(sizes.hidden, kv)
        self.v_proj = Linear(sizes.hidden, kv)
        self.o_proj = Linear(width, sizes.hidden, gain=0.3)

    def forward(self, x: Tensor) -> Tensor:
        sizes = self.sizes
        batch, tokens, _ = x.shape
        split = lambda t, heads: t.view(batch, tokens, heads, sizes.head_dim).transpose(1, 2)
        shared = sizes.heads // sizes.kv_heads
        q = split(self.q_proj(x), sizes.heads)
        k = split(self.k_proj(x), sizes.kv_heads).repeat_interleave(shared, 1)
        v = split(self.v_proj(x), sizes.kv_heads).repeat_interleave(shared, 1)
        mixed = attend(q, k, v, causal=True).transpose(1, 2)
        return self.o_proj(mixed.reshape(batch, tokens, sizes.heads * sizes.head_dim))


class Mlp(nn.Module):
    """down(relu(up(x))²): [batch, tokens, hidden] to the same shape."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.up_proj = Linear(sizes.hidden, sizes.intermediate)
        self.down_proj = Linear(sizes.intermediate, sizes.hidden, gain=0.3)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.relu(self.up_proj(x)).square())


MIXERS = {"M": Mamba2, "*": Attention, "-": Mlp}


class Layer(nn.Module):
    """x + mixer(norm(x)); the letter of the pattern selects the mixer."""

    def __init__(self, letter: str, sizes: Sizes) -> None:
        super().__init__()
        self.norm = RmsNorm(sizes.hidden)
        self.mixer = MIXERS[letter](sizes)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.mixer(self.norm(x))


class Network(nn.Module):
    """Vision tower, projector and language model."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        # Whether the backward pass recomputes the layers instead of storing their activations.
        self.recomputes = False
        self.vision = VisionTower(sizes.vision, sizes.tile_px)
        self.projector = Projector(sizes)
        self.embeddings = nn.Embedding(sizes.vocabulary, sizes.hidden)
        nn.init.normal_(self.embeddings.weight, std=0.5)
        self.layers = nn.ModuleList(Layer(letter, sizes) for letter in sizes.pattern)
        self.norm_f = RmsNorm(sizes.hidden)
        self.lm_head = Linear(sizes.hidden, sizes.vocabulary, gain=0.5)

    def hidden_rows(
        self, ids: Tensor, visual: Tensor | None = None, picture_mask: Tensor | None = None
    ) -> Tensor:
        """[batch, tokens, hidden]: the normed output of the last layer.

        ids: [batch, tokens]. visual: [picture tokens, hidden], which replace the embeddings where
        picture_mask [batch, tokens] is true.
        """
        x = self.embeddings(ids).float()
        if visual is not None:
            x = x.masked_scatter(picture_mask[..., None], visual.float())
        for layer in self.layers:
            x = checkpoint(layer, x, use_reentrant=False) if self.recomputes else layer(x)
        return self.norm_f(x)

    def logits(
        self, ids: Tensor, visual: Tensor | None = None, picture_mask: Tensor | None = None
    ) -> Tensor:
        """[batch, tokens, vocabulary]; the arguments are those of hidden_rows."""
        return self.lm_head(self.hidden_rows(ids, visual, picture_mask)).float()
