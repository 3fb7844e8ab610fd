"""Draws the small benchmark sets that come with vireo, with seeds and fonts not used in training.

python3 -m vireo_training.miniset ../build/miniset
node ../scripts/make-pages.mjs ../build/miniset ../eval/pages

Writes rows.json, {benchmark: [row]}, and the files that the rows name. Rows have the columns under
which each benchmark is published; a value {"file": name} is a picture. Needs ffmpeg for the clips.
"""

import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from .data import documents, figures, invoices, scenes, transcription
from .data.page import HELD_OUT_FONTS as FONTS
from .data.page import Page, thousandths

# Columns of one item under their published names.
Row = dict[str, Any]
LETTERS = "ABCD"
MOVES = re.compile(r"The (\w+) (\w+) moves from the (.+) to the (.+)\.")


class Folder:
    """Where pictures and clips are written; each gets a number."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path, self.count = path, 0

    def picture(self, page: Page) -> Row:
        """Writes a page as a PNG of 32 colours, and names its file."""
        self.count += 1
        name = f"{self.count:03}.png"
        page.picture.convert("RGB").quantize(32).save(self.path / name, optimize=True)
        return {"file": name}

    def clip(self, pages: list[Page]) -> str:
        """Writes pages as a clip of two frames per second, and names its file."""
        self.count += 1
        name = f"{self.count:03}.mp4"
        with tempfile.TemporaryDirectory() as frames:
            for i, page in enumerate(pages):
                page.picture.save(f"{frames}/{i:02}.png")
            command = ["ffmpeg", "-v", "error", "-y", "-framerate", "2", "-i", f"{frames}/%02d.png"]
            codec = ["-c:v", "libx264", "-preset", "veryslow", "-crf", "26"]
            pixels = ["-pix_fmt", "yuv420p"]
            subprocess.run([*command, *codec, *pixels, str(self.path / name)], check=True)
        return name


def choices(rng: random.Random, right: str, others: list[str]) -> tuple[list[str], str]:
    """Four options in random order, and the letter of the right one."""
    options = [right, *rng.sample([o for o in dict.fromkeys(others) if o != right], 3)]
    rng.shuffle(options)
    return options, LETTERS[options.index(right)]


def scene_question(rng: random.Random) -> tuple[Page, str, str]:
    """A scene with a question whose answer is a number."""
    while True:
        sample = scenes.scene(rng, FONTS)
        for question, answer in sample.turns:
            if question.startswith("How many") and answer.isdigit():
                return sample.pages[0], question, str(answer)


def mmmu(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """Scenes to count in, and charts to calculate with; two questions are open."""
    for i in range(20):
        subject = "Art" if i < 10 else "Math"
        page, question, answer = scene_question(rng) if i < 10 else chart_sum(rng)
        is_open = i % 10 == 9
        near = [str(abs(int(answer) + step)) for step in (1, 2, 3, -1, -2, 4)]
        options, letter = choices(rng, answer, near)
        yield {
            "id": f"validation_{subject}_{i % 10 + 1}",
            "question": f"<image 1> {question}",
            "options": "[]" if is_open else repr(options),
            "answer": answer if is_open else letter,
            "question_type": "open" if is_open else "multiple-choice",
            "image_1": folder.picture(page),
        }


def chart_sum(rng: random.Random) -> tuple[Page, str, str]:
    """A chart with a question whose answer has to be calculated."""
    while True:
        sample = figures.reasoned(rng, FONTS, strength=0)
        question, answer = sample.turns[0]
        answer = answer.split("</think>\n")[1]
        if answer.isdigit():
            return sample.pages[0], question, answer


def mathvista(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """Charts: whole numbers, means with one decimal place, choices, and pairs of values."""
    hints = {
        "integer": "requiring an integer answer and provide the final value, e.g., 1, 2, 3",
        "float": "requiring a floating-point number with one decimal place and provide the final "
        "value, e.g., 1.2, 1.3, 1.4",
        "list": "requiring a Python list as an answer and provide the final list, "
        "e.g., [1, 2, 3], [1.2, 1.3, 1.4]",
        "text": "and provide the correct option letter, e.g., A, B, C, D",
    }
    for number in range(20):
        page, _, names, values = figures.draw_chart(rng, FONTS, strength=0)
        kind = ("integer", "float", "text", "list")[number % 4]
        i, j = rng.sample(range(len(names)), 2)
        (a, x), (b, y) = (names[i], values[i]), (names[j], values[j])
        options = rng.sample(names, 3)
        highest = max(options, key=lambda name: values[names.index(name)])
        question, answer = {
            "integer": (f"What is the value of {a}?", str(x)),
            "float": (f"What is the mean of {a} and {b}?", f"{(x + y) / 2:.1f}"),
            "text": ("Which is the highest of these?", highest),
            "list": (f"What are the values of {a} and {b}?", f"[{x}, {y}]"),
        }[kind]
        hint = f"Hint: Please answer the question {hints[kind]}, at the end."
        lines = [hint, f"Question: {question}"]
        if kind == "text":
            lines += ["Choices:", *(f"({LETTERS[k]}) {option}" for k, option in enumerate(options))]
        yield {
            "pid": str(number + 1),
            "question": question,
            "decoded_image": folder.picture(page),
            "choices": options if kind == "text" else None,
            "unit": None,
            "precision": 1.0 if kind == "float" else None,
            "answer": answer,
            "question_type": "multi_choice" if kind == "text" else "free_form",
            "answer_type": kind,
            "query": "\n".join([*lines, "Solution: "]),
        }


def ai2d(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """Scenes: which shape stands where."""
    places = [place for row in scenes.PLACES for place in row]
    kinds = [f"a {colour} {shape}" for colour in scenes.COLOURS for shape in scenes.SHAPES]
    for _ in range(20):
        shapes = scenes.place_shapes(rng, rng.randint(3, 5))
        shape, colour, row, column = rng.choice(shapes)
        options, letter = choices(rng, f"a {colour} {shape}", rng.sample(kinds, 8))
        yield {
            "question": f"What is at the {places[3 * row + column]}?",
            "options": options,
            "answer": str(LETTERS.index(letter)),
            "image": folder.picture(scenes.draw_scene(rng, 512, 512, shapes)),
        }


def ocrbench(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """Lines of text, and values on receipts."""
    for i in range(20):
        if i < 10:
            sample = transcription.line(rng, FONTS, strength=0)
            question, answer = "What does it say?", sample.turns[0][1]
            kind = "Regular Text Recognition"
        else:
            sample = documents.receipt(rng, FONTS, strength=0)
            question, answer = rng.choice([sample.turns[1], sample.turns[3]])
            kind = "Key Information Extraction"
        yield {
            "dataset_name": "vireo-pages",
            "id": i,
            "image_path": folder.picture(sample.pages[0]),
            "question": question,
            "answers": [str(answer)],
            "type": kind,
        }


def ocrbench_v2(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """Ten of the thirty types."""
    drawn: list[tuple[str, Page, str, Any, Row]] = []

    def add(kind: str, page: Page, question: str, golds: Any, **more: Any) -> None:
        drawn.append((kind, page, question, golds, more))

    for _ in range(3):
        line = transcription.line(rng, FONTS, strength=0)
        text = str(line.turns[0][1])
        add("text recognition en", line.pages[0], "What does it say?", [text])
        receipt = documents.receipt(rng, FONTS, strength=0)
        question, answer = receipt.turns[0]
        golds = {key: [value] for key, value in json.loads(answer).items()}
        add("key information extraction en", receipt.pages[0], question, [golds])
        add("table parsing en", *markdown_table(rng))
        page, invoice = invoices.draw_invoice(rng, FONTS, held_out=True, strength=0)
        name = rng.choice(list(invoice.boxes))
        box = thousandths(page, invoice.boxes[name])
        add("text grounding en", page, f"Where is the {name}?", box)
    for _ in range(2):
        sample = transcription.transcription(rng, FONTS, 512, 512, 40, strength=0)
        text = str(sample.turns[0][1])
        add("full-page OCR en", sample.pages[0], "Transcribe the text.", [text])
        chart, title, names, values = figures.draw_chart(rng, FONTS, strength=0)
        ask = "Write the chart as a Python dict: {title: {name: value}}."
        add("chart parsing en", chart, ask, [{title: dict(zip(names, values))}])
        scene, question, answer = scene_question(rng)
        add("text counting en", scene, question, [answer], eval="regression")
        chart, question, answer = chart_sum(rng)
        add("reasoning VQA en", chart, question, [answer])
        page, invoice = invoices.draw_invoice(rng, FONTS, held_out=True, strength=0)
        total, box = invoice.values["total"], thousandths(page, invoice.boxes["total"])
        add("cognition VQA en", page, "What is the total?", [total])
        ask = "What is the total, and where is it? Answer as JSON: "
        ask += '{"answer": text, "bbox": [x1, y1, x2, y2]}.'
        add("VQA with position en", page, ask, [total], bbox=box)
    for i, (kind, page, question, golds, more) in enumerate(sorted(drawn, key=lambda row: row[0])):
        yield {
            "id": i,
            "type": kind,
            "dataset_name": "vireo-pages",
            "image_path": folder.picture(page),
            "question": question,
            "answers": golds,
            **more,
        }


def markdown_table(rng: random.Random) -> tuple[Page, str, Any]:
    """A table to be written as Markdown: page, question and golds."""
    while True:
        sample = figures.table(rng, FONTS, strength=0)
        for question, answer in sample.turns:
            if "Markdown" in question:
                return sample.pages[0], question, [answer]


def ocr_reasoning(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """Charts to calculate with, with the form of the final answer."""
    for i in range(20):
        page, question, answer = chart_sum(rng)
        yield {
            "index": str(i),
            "image": folder.picture(page),
            "question": question,
            "answer": answer,
            "question_type": "free_form",
            "answer_type": "integer",
            "task": "Numerical Analysis Reasoning",
            "format": "The answer is: xx",
            "language": "English",
        }


def chartqa(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """Ten questions that need a calculation, and ten for a value."""
    for i in range(20):
        if i < 10:
            page, question, answer = chart_sum(rng)
        else:
            page, _, names, values = figures.draw_chart(rng, FONTS, strength=0)
            at = rng.randrange(len(names))
            question, answer = f"What is the value of {names[at]}?", str(values[at])
        kind = "human_test" if i < 10 else "augmented_test"
        yield {"type": kind, "question": question, "answer": answer, "image": folder.picture(page)}


def docvqa(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """Two questions for each of ten invoices."""
    for document in range(10):
        page, invoice = invoices.draw_invoice(rng, FONTS, held_out=True, strength=0)
        picture = folder.picture(page)
        stated = [name for name in invoices.QUESTIONS if name in invoice.values]
        for k, name in enumerate(rng.sample(stated, 2)):
            yield {
                "questionId": str(2 * document + k),
                "question": invoices.QUESTIONS[name][0],
                "question_types": ["form"],
                "image": picture,
                "docId": document,
                "answers": [invoice.values[name]],
            }


def infovqa(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """A cell of a table, or the highest value of a chart."""
    for i in range(20):
        if i % 2 == 0:
            sample = figures.table(rng, FONTS, strength=0)
            question, answer = next(t for t in sample.turns if t[0].startswith("What is the"))
            page = sample.pages[0]
        else:
            page, _, names, values = figures.draw_chart(rng, FONTS, strength=0)
            question, answer = "Which is the highest?", names[values.index(max(values))]
        yield {
            "questionId": str(i),
            "question": question,
            "answer_type": ["single span"],
            "image": folder.picture(page),
            "answers": [str(answer)],
        }


def textvqa(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """Values on receipts and forms, with ten answers of which some differ."""
    for i in range(20):
        sample = documents.receipt(rng, FONTS, strength=0)
        question, answer = sample.turns[3] if i % 2 == 0 else sample.turns[1]
        odd = rng.randint(0, 3)
        yield {
            "image_id": f"page {i}",
            "question_id": i,
            "question": question,
            "image": folder.picture(sample.pages[0]),
            "answers": [str(answer)] * (10 - odd) + ["unanswerable"] * odd,
        }


def moving_clip(rng: random.Random) -> tuple[list[Page], tuple[str, str, str, str]]:
    """A clip of eight frames in which one shape moves: colour, shape, start and end."""
    while True:
        sample = scenes.clip(rng, FONTS, frames=8)
        match = MOVES.fullmatch(str(sample.turns[0][1]))
        if match:
            return sample.pages, match.groups()


def clip_questions(
    rng: random.Random, move: tuple[str, str, str, str]
) -> list[tuple[str, list[str], str]]:
    """Three questions for a clip: (question, options, letter)."""
    colour, shape, start, end = move
    places = [place for row in scenes.PLACES for place in row]
    names = [f"the {c} {s}" for c in scenes.COLOURS for s in scenes.SHAPES]
    told = lambda a, b: f"The {colour} {shape} moves from the {a} to the {b}."
    others = [told(*rng.sample(places, 2)) for _ in range(9)]
    return [
        ("What happens in the video?", *choices(rng, told(start, end), others)),
        ("What moves?", *choices(rng, f"the {colour} {shape}", rng.sample(names, 9))),
        ("Where does it end?", *choices(rng, end, places)),
    ]


def videomme(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """Three questions for each of seven clips."""
    for video in range(7):
        pages, move = moving_clip(rng)
        name = folder.clip(pages)
        for k, (question, options, letter) in enumerate(clip_questions(rng, move)):
            yield {
                "video_id": f"{video + 1:03}",
                "duration": "short",
                "domain": "Knowledge",
                "sub_category": "Technology",
                "videoID": name.removesuffix(".mp4"),
                "question_id": f"{video + 1:03}-{k + 1}",
                "task_type": "Action Recognition",
                "question": question,
                "options": [f"{a}. {b}" for a, b in zip(LETTERS, options)],
                "answer": letter,
            }


def longvideobench(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """Three questions for each of seven clips."""
    for video in range(7):
        pages, move = moving_clip(rng)
        name = folder.clip(pages)
        for k, (question, options, letter) in enumerate(clip_questions(rng, move)):
            yield {
                "id": f"{video}_{k}",
                "video_id": name.removesuffix(".mp4"),
                "video_path": name,
                "question": question,
                "question_category": "E2O",
                **{f"option{n}": option for n, option in enumerate([*options, "N/A"])},
                "correct_choice": LETTERS.index(letter),
                "duration_group": 15,
            }


def mvbench(folder: Folder, rng: random.Random) -> Iterator[Row]:
    """Two tasks of ten questions."""
    for number in range(10):
        pages, move = moving_clip(rng)
        name = folder.clip(pages)
        for task, at in (("moving_direction", 2), ("object_existence", 1)):
            question, options, letter = clip_questions(rng, move)[at]
            answer = options[LETTERS.index(letter)]
            row = {"task": task, "video": name, "question": question}
            yield {**row, "candidates": options, "answer": answer}


BENCHMARKS = {
    "mmmu": mmmu,
    "mathvista": mathvista,
    "ai2d": ai2d,
    "ocrbench": ocrbench,
    "ocrbench-v2": ocrbench_v2,
    "ocr-reasoning": ocr_reasoning,
    "chartqa": chartqa,
    "docvqa": docvqa,
    "infovqa": infovqa,
    "textvqa": textvqa,
    "videomme": videomme,
    "longvideobench": longvideobench,
    "mvbench": mvbench,
}


def main(path: str) -> None:
    """Draws all sets into a folder."""
    folder = Folder(pathlib.Path(path))
    folder.path.mkdir(parents=True, exist_ok=True)
    rows = {}
    for name, draw in BENCHMARKS.items():
        rows[name] = list(draw(folder, random.Random(f"vireo-pages/{name}")))
    (folder.path / "rows.json").write_text(json.dumps(rows, ensure_ascii=False))
    print({name: len(items) for name, items in rows.items()})


if __name__ == "__main__":
    main(sys.argv[1])
