"""Writes the held-out items, with seeds, fonts and labels that training does not use.

python3 -m vireo_training.evaluation ../build/eval

Each item is one line of JSON: id, skill, images, question and answer; "tools" where tools are offered,
"video" where the images are frames, and "think" where reasoning is on.
"""

import json
import os
import pathlib
import random
import sys

from .data import dialogues, documents, figures, invoices, scenes, transcription
from .data.page import HELD_OUT_FONTS as FONTS
from .data.page import HELD_OUT_HAND_FONTS as HANDS

SEED = "held out"


def item(page_or_pages, question, answer, **more):
    pages = page_or_pages if isinstance(page_or_pages, list) else [page_or_pages]
    return {"pages": pages, "question": question, "answer": answer, **more}


def line(rng):
    sample = transcription.line(rng, FONTS, strength=0.7)
    return item(sample.pages, *sample.turns[0])


def page(rng):
    sample = transcription.transcription(rng, FONTS, 512, 512, 60, strength=0.7)
    return item(sample.pages, *sample.turns[0])


def invoice(rng):
    drawn, values = invoices.draw_invoice(rng, FONTS, held_out=True, strength=0.7)
    return item(drawn, *invoices.json_turn(rng, values, fewest=5))


def box(rng):
    drawn, values = invoices.draw_invoice(rng, FONTS, held_out=True, strength=0)
    question, place = invoices.box_turn(rng, drawn, values)
    return item(drawn, question, place())


def table(rng):
    sample = figures.table(rng, FONTS, strength=0.7)
    question, answer = next(turn for turn in sample.turns if "\n" in turn[1])
    return item(sample.pages, question, answer)


def chart(rng):
    while True:
        sample = figures.chart(rng, FONTS, strength=0.7)
        for question, answer in sample.turns:
            if question.startswith("What is the value"):
                return item(sample.pages, question, answer)


def scene(rng):
    sample = scenes.scene(rng, FONTS)
    return first(sample)


def pair(rng):
    return first(scenes.pair(rng, FONTS))


def video(rng):
    return first(scenes.clip(rng, FONTS, frames=8), video=True)


def first(sample, **more):
    return item(sample.pages, *sample.turns[0], **more)


def receipt(rng):
    return first(documents.receipt(rng, FONTS, strength=0.7))


def form(rng):
    return first(documents.form(rng, FONTS, HANDS, strength=0.7))


def version(rng):
    return first(documents.versions(rng, FONTS))


def captions(rng):
    return first(scenes.captions(rng, FONTS, frames=6), video=True)


def reasoned(rng):
    sample = figures.reasoned(rng, FONTS, strength=0.7)
    ((question, answer),) = sample.turns
    return item(sample.pages, question, answer.split("</think>\n")[1], think=True)


def booking(rng):
    drawn = invoices.draw_invoice(rng, FONTS, held_out=True, strength=0.7)
    return with_tools(documents.booking(rng, drawn))


def tool(rng):
    return with_tools(dialogues.tools(rng))


def with_tools(sample):
    start = sample.tools.index("<AVAILABLE_TOOLS>[") + len("<AVAILABLE_TOOLS>")
    definitions = json.loads(sample.tools[start : sample.tools.index("</AVAILABLE_TOOLS>\n")])
    question, answer = sample.turns[0]
    wanted = json.loads(answer[len("<TOOLCALL>") : -len("</TOOLCALL>")])[0]
    return item(sample.pages, question, json.dumps(wanted), tools=definitions)


def refusal(rng):
    drawn, _ = invoices.draw_invoice(rng, FONTS, held_out=True, strength=0.7)
    return item(drawn, rng.choice(invoices.ABSENT), invoices.NOT_SAID)


SKILLS = [
    *((line, 140), (page, 100), (invoice, 120), (table, 110), (chart, 120), (scene, 120)),
    *((box, 120), (pair, 100), (tool, 100), (refusal, 60)),
    (video, 100),
    *((receipt, 40), (form, 40), (version, 40), (captions, 40), (reasoned, 40), (booking, 40)),
]


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for draw, count in SKILLS:
        rng = random.Random(f"{SEED}/{draw.__name__}")
        for i in range(count):
            made = draw(rng)
            name = f"{draw.__name__}-{i:03}"
            images = []
            for j, drawn in enumerate(made.pop("pages")):
                images.append(f"{name}-{j}.png")
                drawn.picture.save(folder / images[-1])
            lines.append(json.dumps({"id": name, "skill": draw.__name__, "images": images, **made}))
    part = folder / "items.part"
    part.write_text("\n".join(lines) + "\n")
    os.replace(part, folder / "items.jsonl")
    print(f"{len(lines)} items in {folder}")


if __name__ == "__main__":
    main(sys.argv[1])
