"""Writes texts of the training mixture to standard output, for the tokenizer to be learnt from.

python3 -m vireo_training.corpus 3000 > corpus.txt
"""

import random
import sys

from .chat import ANSWER_NOW, ASSISTANT, SKELETON, USER, media
from .data import mixture


def main(count):
    rng = random.Random("tokenizer")
    for i in range(count):
        for draw in (mixture.quarter, mixture.tile, mixture.pair, mixture.spoken):
            sample = draw(rng)
            print(SKELETON.format(system=sample.system + sample.tools))
            for question, answer in sample.turns:
                print(USER + media(len(sample.pages)) + question)
                print(ASSISTANT + ANSWER_NOW + answer)


if __name__ == "__main__":
    main(int(sys.argv[1]))
