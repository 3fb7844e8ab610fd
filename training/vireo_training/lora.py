"""Fine-tunes any BF16 checkpoint of the family with low-rank adapters, then merges them.

python3 -m vireo_training.lora MODEL ITEMS.jsonl OUT --rank 16 --steps 500

ITEMS.jsonl: one {"images": ["a.png"], "question": "…", "answer": "…"} a line, paths beside the
file. OUT is a checkpoint in the published layout: the adapted matrices replaced, all else copied.
"""

import argparse
import json
import pathlib
import random
import shutil
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from . import fused
from .batches import normalised
from .chat import NO_TARGET, Sample, tokens_of
from .checkpoint import load, read_safetensors
from .export import packed, published_name, write_safetensors
from .network import Linear, Network
from .tiling import tiles_of
from .tokenizer import Tokenizer
from .train import save


class Adapted(nn.Module):
    """y = x·Wᵀ + scale·(x·Aᵀ)·Bᵀ with W frozen and B zero at first."""

    def __init__(self, base: Linear, rank: int, scale: float) -> None:
        super().__init__()
        rows, columns = base.weight.shape
        self.base, self.scale = base, scale
        self.a = nn.Parameter(torch.randn(rank, columns) / columns**0.5)
        self.b = nn.Parameter(torch.zeros(rows, rank))

    def forward(self, x: Tensor) -> Tensor:
        """[…, columns] to […, rows]."""
        low = torch.float32 if Linear.exact else fused.low_precision(x.device)
        inner = F.linear(x.to(low), self.a.to(low))
        return self.base(x) + self.scale * F.linear(inner, self.b.to(low))

    @torch.no_grad()
    def merged(self) -> Tensor:
        """The matrix with the adapter added, in float32."""
        return self.base.weight.float() + self.scale * self.b @ self.a


def adapt(network: Network, rank: int, scale: float) -> dict[str, Adapted]:
    """Freezes the network and puts adapters on every matrix of the language layers.

    Returns the adapters by the parameter name of their matrix.
    """
    for p in network.parameters():
        p.requires_grad_(False)
    adapters = {}
    for index, layer in enumerate(network.layers):
        for name, module in list(layer.mixer.named_children()):
            if isinstance(module, Linear):
                adapter = Adapted(module, rank, scale).to(module.weight.device)
                setattr(layer.mixer, name, adapter)
                adapters[f"layers.{index}.mixer.{name}.weight"] = adapter
    return adapters


class Items:
    """The items of a file, and the reader that turns one into tensors."""

    def __init__(self, file: str, model: str, network: Network) -> None:
        self.folder = pathlib.Path(file).parent
        self.items = [json.loads(line) for line in pathlib.Path(file).read_text().splitlines()]
        settings = json.loads((pathlib.Path(model) / "preprocessor_config.json").read_text())
        self.max_tiles, self.tile_px = settings["max_num_tiles"], network.sizes.tile_px
        self.rows = (self.tile_px // network.sizes.vision.patch // 2) ** 2
        self.tokenizer = Tokenizer(model)

    def read(
        self, item: dict[str, Any], rng: random.Random
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """ids and targets [1, tokens], and pixels [tiles, 3, h, w] or None without pictures."""
        tiles = [
            tiles_of(Image.open(self.folder / name), self.tile_px, self.max_tiles)
            for name in item["images"]
        ]
        sample = Sample(tiles, [(item["question"], item["answer"])])
        rows = [self.rows * len(each) for each in tiles]
        ids, targets = tokens_of(sample, self.tokenizer, rows, rng)
        pixels = [torch.from_numpy(normalised(each)) for each in tiles]
        return torch.tensor([ids]), torch.tensor([targets]), torch.cat(pixels) if pixels else None


def loss_of(
    network: Network,
    ids: Tensor,
    targets: Tensor,
    pixels: Tensor | None,
    image_id: int,
    device: str,
) -> Tensor:
    """Mean cross entropy of the answer tokens of one item."""
    ids, targets, visual = ids.to(device), targets.to(device), None
    if pixels is not None:
        with torch.no_grad():
            visual = network.projector(network.vision(pixels.to(device)))
            visual = visual.reshape(-1, visual.shape[-1])
    rows = network.hidden_rows(ids, visual, ids == image_id)
    wanted = targets != NO_TARGET
    return F.cross_entropy(network.lm_head(rows[wanted]).float(), targets[wanted])


def write_merged(model: str, out: pathlib.Path, adapters: dict[str, Adapted]) -> None:
    """Writes a copy of the checkpoint in which the adapted matrices are replaced."""
    changed = {published_name(name): adapter for name, adapter in adapters.items()}
    out.mkdir(parents=True, exist_ok=True)
    # The adapters are saved first, because merging takes long.
    learnt = {name: [p.detach().cpu() for p in (each.a, each.b)] for name, each in adapters.items()}
    save(out / "adapters.pt", learnt)
    for file in sorted(pathlib.Path(model).iterdir()):
        if file.suffix == ".safetensors":
            tensors = read_safetensors(file)
            for name in tensors.keys() & changed.keys():
                tensors[name] = packed(changed[name].merged().cpu(), "BF16")
            write_safetensors(out / file.name, tensors)
        elif file.is_file():
            shutil.copy(file, out / file.name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("items")
    parser.add_argument("out")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--scale", type=float, default=2.0)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--batch", type=int, default=4, help="items whose gradients are summed")
    parser.add_argument("--lr", type=float, default=3e-4)
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = load(options.model, torch.bfloat16).to(device)
    adapters = adapt(network, options.rank, options.scale)
    network.recomputes = True
    items, rng = Items(options.items, options.model, network), random.Random(0)
    trained = [p for p in network.parameters() if p.requires_grad]
    adam = torch.optim.AdamW(trained, lr=options.lr, weight_decay=0)
    for step in range(options.steps):
        total = 0.0
        for group in adam.param_groups:
            group["lr"] = options.lr * min(1, (step + 1) / 20) * (1 - step / options.steps)
        for item in rng.choices(items.items, k=options.batch):
            read = items.read(item, rng)
            loss = loss_of(network, *read, items.tokenizer.image, device) / options.batch
            loss.backward()
            total += float(loss)
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        adam.step()
        adam.zero_grad(set_to_none=True)
        if step % 10 == 0 or step + 1 == options.steps:
            print(f"step {step + 1} of {options.steps}, loss {total:.4f}", flush=True)
    write_merged(options.model, pathlib.Path(options.out), adapters)


if __name__ == "__main__":
    main()
