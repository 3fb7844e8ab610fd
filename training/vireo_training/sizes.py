"""The sizes of the bundled model; config.json of the published model has the same quantities."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class VisionSizes:
    """The vision tower: widths, counts, and the patch size in pixels."""

    hidden: int = 192
    layers: int = 6
    heads: int = 3
    mlp: int = 768
    patch: int = 16
    prefix_tokens: int = 8
    position_side: int = 32


@dataclass(frozen=True)
class Sizes:
    """Language model, projector and tile: 10 M parameters, 20 MB of BF16; the limit is 24 MB."""

    pattern: str = "M-M*-M*-MM*-*-*-"
    hidden: int = 256
    vocabulary: int = 1280
    mamba_heads: int = 8
    mamba_head_dim: int = 64
    groups: int = 1
    state: int = 64
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 64
    intermediate: int = 768
    projector: int = 768
    tile_px: int = 512
    chunk: int = 64
    vision: VisionSizes = field(default_factory=VisionSizes)

    @property
    def inner(self) -> int:
        """Width of a Mamba-2 mixer."""
        return self.mamba_heads * self.mamba_head_dim

    @property
    def conv_width(self) -> int:
        """Channels of the depthwise convolution: x, B and C."""
        return self.inner + 2 * self.groups * self.state
