"""Writes the held-out items, with seeds, fonts and labels that training does not use.

python3 -m vireo_training.evaluation ../build/eval

Each item is one line of JSON: id, skill, images, question and answer; "tools" where tools are
offered, "video" where the images are frames, and "think" where reasoning is on.
"""

import json
import os
import pathlib
import random
import sys
from typing import Any

from .chat import Sample
from .data import dialogues, documents, figures, invoices, scenes, transcription
from .data.page import HELD_OUT_FONTS as FONTS
from .data.page import HELD_OUT_HAND_FONTS as HANDS
from .data.page import Page

SEED = "held out"

# A line of items.jsonl but for its id, skill and files.
Item = dict[str, Any]


def item(page_or_pages: Page | list[Page], question: str, answer: str, **more: Any) -> Item:
    """An item with its pages still as Page objects."""
    pages = page_or_pages if isinstance(page_or_pages, list) else [page_or_pages]
    return {"pages": pages, "question": question, "answer": answer, **more}


def line(rng: random.Random) -> Item:
    """One line to transcribe."""
    sample = transcription.line(rng, FONTS, strength=0.7)
    return item(sample.pages, *sample.turns[0])


def page(rng: random.Random) -> Item:
    """A page of up to 60 words to transcribe."""
    sample = transcription.transcription(rng, FONTS, 512, 512, 60, strength=0.7)
    return item(sample.pages, *sample.turns[0])


def invoice(rng: random.Random) -> Item:
    """Fields of an invoice as JSON."""
    drawn, values = invoices.draw_invoice(rng, FONTS, held_out=True, strength=0.7)
    return item(drawn, *invoices.json_turn(rng, values, fewest=5))


def box(rng: random.Random) -> Item:
    """The box of a field of an undamaged invoice."""
    drawn, values = invoices.draw_invoice(rng, FONTS, held_out=True, strength=0)
    question, place = invoices.box_turn(rng, drawn, values)
    return item(drawn, question, place())


def table(rng: random.Random) -> Item:
    """A table as CSV or Markdown."""
    sample = figures.table(rng, FONTS, strength=0.7)
    question, answer = next(turn for turn in sample.turns if "\n" in turn[1])
    return item(sample.pages, question, answer)


def chart(rng: random.Random) -> Item:
    """A value of a chart."""
    while True:
        sample = figures.chart(rng, FONTS, strength=0.7)
        for question, answer in sample.turns:
            if question.startswith("What is the value"):
                return item(sample.pages, question, answer)


def scene(rng: random.Random) -> Item:
    """A question about a scene."""
    sample = scenes.scene(rng, FONTS)
    return first(sample)


def pair(rng: random.Random) -> Item:
    """The difference of two pictures."""
    return first(scenes.pair(rng, FONTS))


def video(rng: random.Random) -> Item:
    """What happens in a clip of eight frames."""
    return first(scenes.clip(rng, FONTS, frames=8), video=True)


def first(sample: Sample, **more: Any) -> Item:
    """An item of the first turn of a sample."""
    return item(sample.pages, *sample.turns[0], **more)


def receipt(rng: random.Random) -> Item:
    """The fields of a receipt as JSON."""
    return first(documents.receipt(rng, FONTS, strength=0.7))


def form(rng: random.Random) -> Item:
    """The handwritten fields of a form as JSON."""
    return first(documents.form(rng, FONTS, HANDS, strength=0.7))


def version(rng: random.Random) -> Item:
    """The difference of two versions of a document."""
    return first(documents.versions(rng, FONTS))


def captions(rng: random.Random) -> Item:
    """The captions of a clip of six frames."""
    return first(scenes.captions(rng, FONTS, frames=6), video=True)


def reasoned(rng: random.Random) -> Item:
    """A question about a chart with reasoning on."""
    sample = figures.reasoned(rng, FONTS, strength=0.7)
    ((question, answer),) = sample.turns
    return item(sample.pages, question, answer.split("</think>\n")[1], think=True)


def booking(rng: random.Random) -> Item:
    """A tool call whose arguments an invoice shows."""
    drawn = invoices.draw_invoice(rng, FONTS, held_out=True, strength=0.7)
    return with_tools(documents.booking(rng, drawn))


def tool(rng: random.Random) -> Item:
    """A tool call whose argument the question states."""
    return with_tools(dialogues.tools(rng))


def with_tools(sample: Sample) -> Item:
    """An item of a sample that offers tools; its answer is the one call as JSON."""
    start = sample.tools.index("<AVAILABLE_TOOLS>[") + len("<AVAILABLE_TOOLS>")
    definitions = json.loads(sample.tools[start : sample.tools.index("</AVAILABLE_TOOLS>\n")])
    question, answer = sample.turns[0]
    wanted = json.loads(answer[len("<TOOLCALL>") : -len("</TOOLCALL>")])[0]
    return item(sample.pages, question, json.dumps(wanted), tools=definitions)


def refusal(rng: random.Random) -> Item:
    """A question for something that the invoice does not state."""
    drawn, _ = invoices.draw_invoice(rng, FONTS, held_out=True, strength=0.7)
    return item(drawn, rng.choice(invoices.ABSENT), invoices.NOT_SAID)


SKILLS = [
    *((line, 140), (page, 100), (invoice, 120), (table, 110), (chart, 120), (scene, 120)),
    *((box, 120), (pair, 100), (tool, 100), (refusal, 60)),
    (video, 100),
    *((receipt, 40), (form, 40), (version, 40), (captions, 40), (reasoned, 40), (booking, 40)),
]


def main(folder: str) -> None:
    """Draws all items and writes items.jsonl and the pictures."""
    out = pathlib.Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    lines = []
    for draw, count in SKILLS:
        rng = random.Random(f"{SEED}/{draw.__name__}")
        for i in range(count):
            made = draw(rng)
            name = f"{draw.__name__}-{i:03}"
            images = []
            for j, drawn in enumerate(made.pop("pages")):
                images.append(f"{name}-{j}.png")
                drawn.picture.save(out / images[-1])
            lines.append(json.dumps({"id": name, "skill": draw.__name__, "images": images, **made}))
    part = out / "items.part"
    part.write_text("\n".join(lines) + "\n")
    os.replace(part, out / "items.jsonl")
    print(f"{len(lines)} items in {folder}")


if __name__ == "__main__":
    main(sys.argv[1])
