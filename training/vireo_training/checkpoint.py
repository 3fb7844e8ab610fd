"""Reads a checkpoint of the family from the published layout into network.py."""

import json
import pathlib
import struct
from typing import Any

import torch
from torch import Tensor

from .export import PackedTensor, published_name
from .network import Network
from .sizes import Sizes, VisionSizes

DTYPES = {"BF16": torch.bfloat16, "F32": torch.float32}
# Sizes that a published tower states only by its name.
TOWERS = {
    "vit_huge_patch16_224": {
        "hidden_size": 1280,
        "num_hidden_layers": 32,
        "num_attention_heads": 16,
        "intermediate_size": 5120,
    }
}


def sizes_of(config: dict[str, Any], prefix_tokens: int, position_side: int) -> Sizes:
    """The sizes in config.json, and two of the tower that only its tensors have.

    Raises ValueError where the sizes of the tower are unknown.
    """
    text = config["llm_config"]
    vision = {**TOWERS.get(config["vision_config"]["args"]["model"], {}), **config["vision_config"]}
    if "hidden_size" not in vision:
        raise ValueError(f"the sizes of the tower {vision['args']['model']} are not known")
    tower = VisionSizes(
        hidden=vision["hidden_size"],
        layers=vision["num_hidden_layers"],
        heads=vision["num_attention_heads"],
        mlp=vision["intermediate_size"],
        patch=config["patch_size"],
        prefix_tokens=prefix_tokens,
        position_side=position_side,
    )
    return Sizes(
        pattern=text["hybrid_override_pattern"],
        hidden=text["hidden_size"],
        vocabulary=text["vocab_size"],
        mamba_heads=text["mamba_num_heads"],
        mamba_head_dim=text["mamba_head_dim"],
        groups=text["n_groups"],
        state=text["ssm_state_size"],
        heads=text["num_attention_heads"],
        kv_heads=text["num_key_value_heads"],
        head_dim=text.get("head_dim", text.get("attention_head_dim")),
        intermediate=text["intermediate_size"],
        projector=config["projector_hidden_size"],
        tile_px=config["force_image_size"],
        vision=tower,
    )


def read_safetensors(path: pathlib.Path) -> dict[str, PackedTensor]:
    """Name → (dtype, shape, bytes), as export.write_safetensors takes them."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        tensors = {}
        for name, entry in header.items():
            if name != "__metadata__":
                begin, end = entry["data_offsets"]
                file.seek(8 + length + begin)
                tensors[name] = entry["dtype"], entry["shape"], file.read(end - begin)
    return tensors


def unpacked(dtype: str, shape: list[int], data: bytes) -> Tensor:
    """The tensor of its type, shape and little-endian bytes."""
    return torch.frombuffer(bytearray(data), dtype=DTYPES[dtype]).view(shape)


def load(folder: str | pathlib.Path, dtype: torch.dtype = torch.float32) -> Network:
    """The network of a folder with config.json and one or more BF16 shards.

    dtype: of the matrices; bfloat16 halves the memory of frozen ones. Raises ValueError where a
    tensor is missing.
    """
    folder = pathlib.Path(folder)
    tensors = {}
    for shard in sorted(folder.glob("*.safetensors")):
        for name, packed in read_safetensors(shard).items():
            if packed[0] in DTYPES:
                tensors[name] = unpacked(*packed)
    prefix, side = (tensors[published_name(f"vision.{n}")].shape for n in ("prefix", "position"))
    config = json.loads((folder / "config.json").read_text())
    network = Network(sizes_of(config, prefix[0], round(side[1] ** 0.5)))
    for name, own in network.named_parameters():
        published = published_name(name)
        if published not in tensors:
            raise ValueError(f"{folder} has no tensor {published}")
        keep = dtype if own.ndim == 2 and name.endswith(".weight") else torch.float32
        own.data = tensors[published].reshape(own.shape).to(keep)
    return network
