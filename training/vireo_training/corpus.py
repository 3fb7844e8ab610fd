"""Writes texts of the training mixture to standard output; the tokenizer is trained on them.

python3 -m vireo_training.corpus 1200 > corpus.txt
"""

import random
import sys

from .chat import ANSWER_NOW, ASSISTANT, SKELETON, USER, media
from .data import mixture


DRAWN = ("quarter", "tile", "pair", "spoken", "invoice", "paper", "small_captions")


def main(count: int) -> None:
    """Prints `count` samples of each of the kinds in DRAWN."""
    rng = random.Random("tokenizer")
    for _ in range(count):
        for draw in (getattr(mixture, name) for name in DRAWN):
            sample = draw(rng)
            sample.resolve_answers()
            print(SKELETON.format(system=sample.system + sample.tools))
            for question, answer in sample.turns:
                print(USER + media(len(sample.pages)) + question)
                # An answer is tokenised separately from its prompt.
                print(ASSISTANT + ANSWER_NOW + "\n" + answer)


if __name__ == "__main__":
    main(int(sys.argv[1]))
