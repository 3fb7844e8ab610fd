"""Writes a training run as a checkpoint in the published layout.

python3 -m vireo_training.export /tmp/mini/run.pt ../models/mini

The folder already holds the tokenizer and the chat template.
"""

import json
import os
import pathlib
import struct
import sys
from typing import Any

import numpy
import torch
from torch import Tensor

from .data.page import CLIP_MEAN, CLIP_STD
from .network import Network
from .sizes import Sizes

# A tensor of a safetensors file: type, shape and little-endian bytes.
PackedTensor = tuple[str, list[int], bytes]

BACKBONE = "language_model.backbone"
RADIO = "vision_model.radio_model"
# One picture is one tile: so small a network cannot combine several.
MAX_TILES = 1
RENAMED = {
    "conv_weight": "conv1d.weight",
    "conv_bias": "conv1d.bias",
    "norm_weight": "norm.weight",
}


def published_name(name: str) -> str:
    """The name in the checkpoint of a parameter of network.py."""
    head, _, rest = name.partition(".")
    if head == "embeddings":
        return f"{BACKBONE}.embeddings.weight"
    if head == "norm_f":
        return f"{BACKBONE}.norm_f.weight"
    if head == "lm_head":
        return "language_model.lm_head.weight"
    if head == "projector":
        layer = {"norm": 0, "up": 1, "down": 3}[rest.split(".")[0]]
        return f"mlp1.{layer}.weight"
    if head == "layers":
        index, _, part = rest.partition(".")
        _, _, leaf = part.partition("mixer.")
        return f"{BACKBONE}.layers.{index}." + (
            f"mixer.{RENAMED.get(leaf, leaf)}" if leaf else part
        )
    patches = f"{RADIO}.model.patch_generator"
    if rest.startswith("blocks."):
        _, index, part = rest.split(".", 2)
        prefix = {"qkv": "attn.", "proj": "attn.", "fc1": "mlp.", "fc2": "mlp."}
        return f"{RADIO}.model.blocks.{index}.{prefix.get(part.split('.')[0], '')}{part}"
    return {
        "embedder.weight": f"{patches}.embedder.weight",
        "position": f"{patches}.pos_embed",
        "prefix": f"{patches}.cls_token.token",
    }[rest]


def tensors_of(network: Network) -> dict[str, PackedTensor]:
    """The tensors of a checkpoint by published name, in the order of the file."""
    tensors = {}
    for name, value in network.state_dict().items():
        published = published_name(name)
        if published.endswith("conv1d.weight"):
            value = value[:, None]
        keep = published.endswith(("A_log", ".D"))
        tensors[published] = packed(value, "F32" if keep else "BF16")
    for leaf, values in (("norm_mean", CLIP_MEAN), ("norm_std", CLIP_STD)):
        value = torch.from_numpy(values.reshape(3, 1, 1).copy())
        tensors[f"{RADIO}.input_conditioner.{leaf}"] = packed(value, "F32")
    return tensors


def packed(value: Tensor, dtype: str) -> PackedTensor:
    """A tensor as BF16 or F32: its type, shape and little-endian bytes."""
    value = value.detach().contiguous()
    if dtype == "BF16":
        return dtype, list(value.shape), value.bfloat16().view(torch.int16).numpy().tobytes()
    return dtype, list(value.shape), value.float().numpy().astype(numpy.float32).tobytes()


def write_safetensors(path: pathlib.Path, tensors: dict[str, PackedTensor]) -> None:
    """Writes a safetensors file, atomically."""
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    part = path.with_suffix(".part")
    with open(part, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, data in tensors.values():
            file.write(data)
    os.replace(part, path)


def text_config(sizes: Sizes) -> dict[str, Any]:
    """The llm_config of config.json."""
    return {
        "architectures": ["NemotronHForCausalLM"],
        "model_type": "nemotron_h",
        "attention_bias": False,
        "bos_token_id": 1,
        "eos_token_id": 12,
        "chunk_size": 128,
        "conv_kernel": 4,
        "head_dim": sizes.head_dim,
        "hidden_size": sizes.hidden,
        "hybrid_override_pattern": sizes.pattern,
        "intermediate_size": sizes.intermediate,
        "layer_norm_epsilon": 1e-5,
        "mamba_head_dim": sizes.mamba_head_dim,
        "mamba_hidden_act": "silu",
        "mamba_num_heads": sizes.mamba_heads,
        "mamba_proj_bias": False,
        "max_position_embeddings": 131072,
        "mlp_bias": False,
        "mlp_hidden_act": "relu2",
        "n_groups": sizes.groups,
        "num_attention_heads": sizes.heads,
        "num_hidden_layers": len(sizes.pattern),
        "num_key_value_heads": sizes.kv_heads,
        "sliding_window": None,
        "ssm_state_size": sizes.state,
        "tie_word_embeddings": False,
        "time_step_limit": [0, float("inf")],
        "use_bias": False,
        "use_conv_bias": True,
        "vocab_size": sizes.vocabulary,
    }


def config(sizes: Sizes, image_id: int) -> dict[str, Any]:
    """config.json. image_id: the id of the <image> token."""
    vision = sizes.vision
    return {
        "architectures": ["NemotronH_Nano_VL_V2"],
        "model_type": "NemotronH_Nano_VL_V2",
        "downsample_ratio": 0.5,
        "eos_token_id": 12,
        "force_image_size": sizes.tile_px,
        "image_tag_type": "internvl",
        "img_context_token": "<image>",
        "img_context_token_id": image_id,
        "img_start_token": "<img>",
        "img_end_token": "</img>",
        "video_context_token": "<video>",
        "llm_config": text_config(sizes),
        "max_sequence_length": 131072,
        **clip(),
        "patch_size": vision.patch,
        "projector_hidden_size": sizes.projector,
        "ps_version": "v2",
        "torch_dtype": "bfloat16",
        "use_thumbnail": True,
        "video_pruning_rate": 0.0,
        "vision_config": {
            "architectures": ["RADIOModel"],
            "args": {
                "model": "vireo_mini_patch16",
                "cpe_max_size": vision.patch * vision.position_side,
                "register_multiple": vision.prefix_tokens,
                "model_norm": False,
            },
            "patch_size": vision.patch,
            "hidden_size": vision.hidden,
            "num_hidden_layers": vision.layers,
            "num_attention_heads": vision.heads,
            "intermediate_size": vision.mlp,
        },
        "vit_hidden_size": vision.hidden,
    }


def clip() -> dict[str, list[float]]:
    """Mean and standard deviation of the pixels' channels."""
    # Conversion through text writes 0.48145466 instead of the digits of the nearest float32.
    return {
        "norm_mean": [float(str(value)) for value in CLIP_MEAN],
        "norm_std": [float(str(value)) for value in CLIP_STD],
    }


def preprocessor(sizes: Sizes) -> dict[str, Any]:
    """preprocessor_config.json."""
    return {
        "do_rescale": True,
        "image_size": sizes.tile_px,
        "patch_size": sizes.vision.patch,
        "downsample_ratio": 0.5,
        "max_num_tiles": MAX_TILES,
        "use_thumbnail": True,
        **clip(),
    }


def load_average(run: str | pathlib.Path, sizes: Sizes) -> Network:
    """The network with the averaged weights of a run."""
    network = Network(sizes)
    average = torch.load(run)["average"]
    prefix = "network."
    network.load_state_dict(
        {name[len(prefix) :]: p for name, p in average.items() if name.startswith(prefix)}
    )
    return network


def write_json(path: pathlib.Path, value: Any) -> None:
    """Writes a JSON file, atomically."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value, indent=2) + "\n")
    os.replace(part, path)


def main(run: str, folder: str) -> None:
    """Exports run.pt into a folder that holds a tokenizer."""
    sizes, folder = Sizes(), pathlib.Path(folder)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    image_id = next(t["id"] for t in tokenizer["added_tokens"] if t["content"] == "<image>")
    write_json(folder / "config.json", config(sizes, image_id))
    write_json(folder / "preprocessor_config.json", preprocessor(sizes))
    generation = {"bos_token_id": 1, "eos_token_id": [2, 12], "do_sample": False}
    write_json(folder / "generation_config.json", generation)
    write_safetensors(folder / "model.safetensors", tensors_of(load_average(run, sizes)))


if __name__ == "__main__":
    main(*sys.argv[1:])
