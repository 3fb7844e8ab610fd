"""Answers held-out items in PyTorch with greedy decoding in float32, as a reference for the engine.

python3 -m vireo_training.answers ../models/mini ../build/eval ../build/answers.json --each 30

Each answer has the item's id, its token ids, and the five likeliest (id, logprob) of every token.
"""

import argparse
import json
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy
import torch
from PIL import Image
from torch import Tensor

from .batches import normalised
from .chat import ANSWER_NOW, ASSISTANT, SKELETON, THINK_NOW, USER, media
from .checkpoint import load
from .data import dialogues
from .export import MAX_TILES
from .network import Linear, Network
from .tiling import tiles_of
from .tokenizer import Tokenizer

LIKELIEST = 5


def prompt_of(item: dict[str, Any]) -> str:
    """The text that the chat template writes for an item."""
    tools = ""
    if item.get("tools"):
        listed = ", ".join(json.dumps(tool) for tool in item["tools"])
        tools = dialogues.TOOL_LEAD + listed + dialogues.TOOL_REST
    clip = None if item.get("video") else 0
    asked = media(len(item["images"]), clip) + item["question"]
    start = THINK_NOW if item.get("think") else ANSWER_NOW
    return SKELETON.format(system=tools) + USER + asked + "\n" + ASSISTANT + start


def prompt_ids(item: dict[str, Any], tokenizer: Tokenizer, rows: int) -> list[int]:
    """The token ids of an item's prompt, with `rows` tokens for each picture."""
    ids = []
    for piece in tokenizer.encode(prompt_of(item)):
        if piece == tokenizer.image:
            ids += [tokenizer.image_start, *[piece] * rows, tokenizer.image_end]
        else:
            ids.append(piece)
    return ids


def visual_rows(network: Network, item: dict[str, Any], folder: pathlib.Path) -> Tensor | None:
    """[picture tokens, hidden]: the projected features of an item's pictures, or None."""
    if not item["images"]:
        return None
    pictures = [Image.open(folder / name) for name in item["images"]]
    tiles = [tiles_of(picture, network.sizes.tile_px, MAX_TILES) for picture in pictures]
    pixels = torch.from_numpy(normalised(numpy.concatenate(tiles)))
    rows = network.projector(network.vision(pixels))
    return rows.reshape(-1, rows.shape[-1])


@torch.no_grad()
def answer(
    network: Network,
    tokenizer: Tokenizer,
    item: dict[str, Any],
    folder: pathlib.Path,
    max_tokens: int,
    draft: Sequence[int] = (),
) -> tuple[list[int], list[list[list[float]]]]:
    """Greedy decoding without caches; returns the token ids and the likeliest tokens of each.

    A draft is checked in one forward pass: its tokens are accepted up to the first that differs
    from PyTorch's own. max_tokens: the longest answer.
    """
    rows = (network.sizes.tile_px // network.sizes.vision.patch // 2) ** 2
    ids = prompt_ids(item, tokenizer, rows)
    visual = visual_rows(network, item, folder)
    made, likeliest, draft = [], [], list(draft)
    while True:
        sequence = torch.tensor([ids + made + draft])
        logits = network.logits(sequence, visual, sequence == tokenizer.image)[0]
        for guess in [*draft, None]:
            top = torch.log_softmax(logits[len(ids) + len(made) - 1], -1).topk(LIKELIEST)
            likeliest.append([[int(i), round(float(v), 5)] for v, i in zip(*top)])
            made.append(likeliest[-1][0][0])
            if made[-1] == tokenizer.end or len(made) == max_tokens:
                return made, likeliest
            draft = draft[1:]
            if made[-1] != guess:
                break


def drafts_of(path: str | None, tokenizer: Tokenizer) -> dict[str, list[int]]:
    """The tokens of each answer by item id, from a file that eval:mini --json wrote."""
    if path is None:
        return {}
    answers = json.loads(pathlib.Path(path).read_text())["answers"]
    texts = {each["id"]: each["given"] for each in answers if isinstance(each["given"], str)}
    return {name: [*tokenizer.encode(text), tokenizer.end] for name, text in texts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("items")
    parser.add_argument("out")
    parser.add_argument("--each", type=int, default=30, help="number of items per skill")
    parser.add_argument("--skills", default="line,page,chart,scene,box,pair,refusal,invoice")
    parser.add_argument(
        "--max-tokens", "--most", type=int, default=48, help="longest answer in tokens"
    )
    parser.add_argument("--drafts", help="JSON of eval:mini whose answers serve as drafts")
    options = parser.parse_args()
    Linear.exact = True
    network, tokenizer = load(options.model).eval(), Tokenizer(options.model)
    folder, counts, out = pathlib.Path(options.items), {}, []
    drafts = drafts_of(options.drafts, tokenizer)
    for text in (folder / "items.jsonl").read_text().splitlines():
        item = json.loads(text)
        counts[item["skill"]] = counts.get(item["skill"], 0) + 1
        if item["skill"] in options.skills.split(",") and counts[item["skill"]] <= options.each:
            draft = drafts.get(item["id"], ())
            ids, likeliest = answer(network, tokenizer, item, folder, options.max_tokens, draft)
            out.append({"id": item["id"], "ids": ids, "likeliest": likeliest})
    part = pathlib.Path(options.out + ".part")
    part.write_text(json.dumps(out) + "\n")
    os.replace(part, options.out)
    print(f"{len(out)} answers in {options.out}")


if __name__ == "__main__":
    main()
