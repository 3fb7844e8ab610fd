"""Reads a checkpoint of the family in the published layout back into network.py."""

import json
import pathlib
import struct

import torch

from .export import published_name
from .network import Network
from .sizes import Sizes, VisionSizes

DTYPES = {"BF16": torch.bfloat16, "F32": torch.float32}


def sizes_of(config):
    """Sizes of config.json; refuses what network.py does not compute."""
    text, vision = config["llm_config"], config["vision_config"]
    if "hidden_size" not in vision:
        raise ValueError("this vision_config has only a name: published towers are not known here")
    tower = VisionSizes(
        hidden=vision["hidden_size"],
        layers=vision["num_hidden_layers"],
        heads=vision["num_attention_heads"],
        mlp=vision["intermediate_size"],
        patch=config["patch_size"],
        prefix_tokens=vision["args"]["register_multiple"],
        position_side=vision["args"]["cpe_max_size"] // config["patch_size"],
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
        head_dim=text["head_dim"],
        intermediate=text["intermediate_size"],
        projector=config["projector_hidden_size"],
        tile_px=config["force_image_size"],
        vision=tower,
    )


def read_safetensors(path):
    """Name → float32 tensor."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in DTYPES:
            continue
        begin, end = (8 + length + at for at in entry["data_offsets"])
        flat = torch.frombuffer(bytearray(data[begin:end]), dtype=DTYPES[entry["dtype"]])
        tensors[name] = flat.view(entry["shape"]).float()
    return tensors


def load(folder):
    """The network of a folder with config.json and one or more shards."""
    folder = pathlib.Path(folder)
    sizes = sizes_of(json.loads((folder / "config.json").read_text()))
    tensors = {}
    for shard in sorted(folder.glob("*.safetensors")):
        tensors.update(read_safetensors(shard))
    network = Network(sizes)
    state = {}
    for name, own in network.state_dict().items():
        published = published_name(name)
        if published not in tensors:
            raise ValueError(f"{folder} has no tensor {published}")
        state[name] = tensors[published].view(own.shape)
    network.load_state_dict(state)
    return network
