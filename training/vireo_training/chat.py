"""Conversations in the family's format (MODEL.md, "Prompt"), as token ids with targets."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from .tokenizer import Tokenizer

SKELETON = "<s><SPECIAL_10>System\n{system}\n"
USER = "<SPECIAL_11>User\n"
ASSISTANT = "<SPECIAL_11>Assistant\n"
ANSWER_NOW = "<think></think>"
THINK_NOW = "<think>\n"
NO_TARGET = -100


class Sample:
    """Pages, and turns of (question, answer).

    In an answer that contains </think>, the text before it is trained as reasoning.
    """

    def __init__(
        self,
        pages: list[Any],
        turns: list[tuple[str, Any]],
        system: str = "",
        tools: str = "",
        clip: float | None = 0,
    ) -> None:
        """clip: 0 for pictures; for frames of a video, the seconds between them or None."""
        self.pages, self.turns, self.system, self.tools = pages, turns, system, tools
        self.clip = clip

    def resolve_answers(self) -> None:
        """Replaces answers that depend on the place of the page in the tile by their text."""
        self.turns = [(ask, answer() if callable(answer) else answer) for ask, answer in self.turns]


def media(count: int, clip: float | None = 0) -> str:
    """The text that the chat template writes for the pictures of a message or for its video."""
    if clip != 0:
        when = ["" if clip is None else f" sampled at {i * clip:.2f} seconds" for i in range(count)]
        frames = "\n".join(f"Frame {i + 1}{when[i]}: <image>" for i in range(count))
        return f"This is a video:\n{frames}\n"
    if count == 0:
        return ""
    if count == 1:
        return "<image>\n"
    return " ".join(f"<image {i + 1}><image>" for i in range(count)) + "\n"


def tokens_of(
    sample: Sample, tokenizer: Tokenizer, rows_of_picture: int | Sequence[int], rng: random.Random
) -> tuple[list[int], list[int]]:
    """The token ids of a sample and their targets, NO_TARGET where no answer token follows.

    rows_of_picture: the number of tokens of each picture, or one number for all of them.
    The token after an answer is the end of turn. In a history the template puts a line end before
    it, which is part of the prompt and never a target.
    """
    ids, targets = [], []
    pages = len(sample.pages)
    rows = [rows_of_picture] * pages if isinstance(rows_of_picture, int) else rows_of_picture
    waiting = iter(rows)

    def read(text: str) -> None:
        for piece in tokenizer.encode(text):
            if piece == tokenizer.image:
                run = [tokenizer.image_start, *[piece] * next(waiting), tokenizer.image_end]
            else:
                run = [piece]
            ids.extend(run)
            targets.extend([NO_TARGET] * len(run))

    def say(text: str) -> None:
        written = tokenizer.encode(text)
        targets[-1] = written[0] if written else tokenizer.end
        for i, piece in enumerate(written):
            ids.append(piece)
            targets.append(written[i + 1] if i + 1 < len(written) else tokenizer.end)

    shown = media(len(sample.pages), sample.clip)
    read(SKELETON.format(system=sample.system + sample.tools))
    for i, (question, answer) in enumerate(sample.turns):
        last = i + 1 == len(sample.turns)
        thinks = "</think>" in answer
        read(USER + (shown if i == 0 else "") + question + "\n" + ASSISTANT)
        if thinks:
            read(THINK_NOW)
        elif last or rng.random() < 0.5:
            read(ANSWER_NOW)
        say(answer)
        if not last:
            read("\n<SPECIAL_12>\n")
    return ids, targets
