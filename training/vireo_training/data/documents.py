"""Other office documents: receipts, forms filled in by hand, text in columns, two versions of a
document, and tool calls whose arguments a page shows."""

import json
import random
from collections.abc import Sequence

from ..chat import Sample
from . import dialogues, words
from .invoices import NOT_SAID, Invoice, json_ask
from .page import HAND_FONTS, Page, damage, sourced
from .scenes import nothing_changed, record_changes

PAID = ("Cash", "Card", "VISA", "Maestro", "Voucher")
FORM_FIELDS = {
    "name": ["Name", "Full name", "Nom", "Nombre"],
    "city": ["City", "Town", "Ort", "Ville"],
    "date": ["Date", "Datum", "Fecha"],
    "phone": ["Phone", "Tel.", "Telefon"],
    "number": ["Customer no.", "Member no.", "Ref."],
}
CHOICES = ("Parking", "Breakfast", "Newsletter", "Insurance", "Delivery", "Gift wrap", "Member")


def receipt(rng: random.Random, fonts: Sequence[str], strength: float = 1.0) -> Sample:
    """A narrow receipt: shop, date, goods with prices, total and means of payment. The first turn
    asks for JSON."""
    page = Page(512, 512, rng, fonts)
    left, right, size = rng.randint(60, 130), rng.randint(360, 440), rng.randint(14, 17)
    bought = [(name, words.money(rng, 100)) for name in rng.sample(words.GOODS, rng.randint(2, 6))]
    values = {
        "shop": shop(rng),
        "date": Invoice.iso(*words.date(rng)),
        "total": f"{sum(price for _, price in bought):.2f}",
        "paid": rng.choice(PAID),
    }
    y: float = rng.randint(16, 60)
    page.text(left + rng.randint(0, 60), y, values["shop"], size + 4)
    y += 2.1 * size
    page.text(left, y, values["date"], size)
    y += 1.8 * size
    for name, price in bought:
        line(page, left, right, y, name, f"{price:.2f}", size)
        y += 1.45 * size
    page.draw.line((left, y + 2, right, y + 2), fill=page.ink)
    y += 8
    label = rng.choice(("TOTAL", "Total", "Sum", "Summe"))
    line(page, left, right, y, label, values["total"], size + 2)
    y += 1.8 * size
    line(page, left, right, y, rng.choice(("Paid", "Payment", "Paid by")), values["paid"], size)
    damage(page, strength)
    name, price = rng.choice(bought)
    turns = [
        (json_ask(rng, values), json.dumps(values)),
        (f"What does the {name} cost?", f"{price:.2f}"),
        ("How many articles are there?", str(len(bought))),
        ("How was it paid?", values["paid"]),
        ("List the articles.", ", ".join(f"{name}: {price:.2f}" for name, price in bought)),
    ]
    return Sample([page], turns)


def shop(rng: random.Random) -> str:
    """A random name of a shop."""
    return f"{rng.choice(words.LAST)} {rng.choice(words.TRADES)}"


def line(
    page: Page, left: float, right: float, y: float, label: str, value: str, size: int
) -> None:
    """A label on the left, its value flush right."""
    page.text(left, y, label, size)
    page.text(right - page.text_width(value, size), y, value, size)
    page.link(-1, -2)


def form(
    rng: random.Random,
    fonts: Sequence[str],
    hands: Sequence[str] = HAND_FONTS,
    strength: float = 1.0,
) -> Sample:
    """A form with printed labels, handwritten values on lines, and tick boxes. The first turn asks
    for JSON."""
    page = Page(512, 512, rng, fonts)
    size, hand, left = rng.randint(14, 18), rng.choice(hands), rng.randint(16, 40)
    values = {
        "name": f"{rng.choice(words.FIRST)} {rng.choice(words.LAST)}",
        "city": rng.choice(words.CITIES),
        "date": Invoice.dotted(*words.date(rng)),
        "phone": f"0{rng.randint(10, 99)} {rng.randint(1000, 99999)}",
        "number": words.code(rng),
    }
    names = rng.sample(list(values), rng.randint(3, 5))
    values = {name: values[name] for name in names}
    y: float = rng.randint(20, 50)
    title = rng.choice(("Application", "Registration", "Order form", "Anmeldung"))
    page.text(left, y, title, size + 5)
    y += 3 * size
    tab = left + rng.randint(120, 150)
    for name in names:
        page.text(left, y, rng.choice(FORM_FIELDS[name]), size)
        page.text(tab + 6, y - 6, values[name], size + rng.randint(4, 9), hand)
        page.link(-1, -2)
        page.draw.line((tab, y + 1.35 * size, 480, y + 1.35 * size), fill=page.ink)
        y += size * rng.uniform(2.1, 2.6)
    offered = rng.sample(CHOICES, rng.randint(2, 4))
    ticked = [choice for choice in offered if rng.random() < 0.5]
    for choice in offered:
        tick(page, left, y, size, choice in ticked)
        page.text(left + 28, y, choice, size)
        y += 1.9 * size
    damage(page, strength)
    choice = rng.choice(offered)
    turns = [
        (json_ask(rng, names), json.dumps(values)),
        ("What is ticked?", ", ".join(ticked) or "Nothing."),
        (f"Is {choice} ticked?", "Yes" if choice in ticked else "No"),
        (f"What is the {names[0]}?", values[names[0]]),
        ("Who signed it?", NOT_SAID),
    ]
    return Sample([page], turns)


def tick(page: Page, x: float, y: float, size: int, on: bool) -> None:
    """Draws a tick box of `size` pixels, ticked or empty."""
    box = (x, y + 3, x + size, y + 3 + size)
    page.draw.rectangle(box, outline=page.ink, width=2)
    if on:
        page.draw.line((x + 3, y + 6, x + size - 3, y + size), fill=page.ink, width=2)
        page.draw.line((x + 3, y + size, x + size - 3, y + 6), fill=page.ink, width=2)


def columns(rng: random.Random, fonts: Sequence[str], strength: float = 1.0) -> Sample:
    """Text in two columns, to be read one after the other."""
    page = Page(512, 512, rng, fonts)
    size, top, left = rng.randint(14, 18), rng.randint(10, 60), rng.randint(8, 20)
    pitch, rows = size * rng.uniform(1.3, 1.6), rng.randint(3, 8)
    written = []
    for x in (left, left + rng.randint(245, 256)):
        for i in range(rows):
            text = ""
            for word in words.words(rng, 6):
                if page.text_width(f"{text} {word}", size) > 215:
                    break
                text = f"{text} {word}".strip()
            text = text or words.made_up(rng)[:6]
            page.text(x, top + i * pitch, text, size)
            written.append(text)
    damage(page, strength)
    one, other = written[:rows], written[rows:]
    turns = [
        (rng.choice(("Transcribe the text.", "Read the text.", "OCR this.")), "\n".join(written)),
        ("Read the left column.", "\n".join(one)),
        ("Read the right column.", "\n".join(other)),
    ]
    return Sample([page], [rng.choice(turns)])


def versions(
    rng: random.Random,
    fonts: Sequence[str],
    width: int = 512,
    height: int = 512,
    strength: float = 0.5,
) -> Sample:
    """Two versions of a short document in which one line changes, or none."""
    draw = {
        "vendor": lambda: shop(rng),
        "number": lambda: words.code(rng),
        "date": lambda: Invoice.iso(*words.date(rng)),
        "customer": lambda: f"{rng.choice(words.FIRST)} {rng.choice(words.LAST)}",
        "total": lambda: f"{words.money(rng):.2f}",
    }
    lines = {name: make() for name, make in draw.items()}
    field = rng.choice([*lines, None])
    after = {**lines, **({field: draw[field]()} if field else {})}
    same = after == lines
    style, pages = rng.getrandbits(32), []
    for version in (lines, after):
        ends = []
        page = Page(width, height, type(rng)(style), fonts)
        top = (30, 90) if height >= 512 else (8, 50)
        size, y, left = page.rng.randint(18, 24), page.rng.randint(*top), page.rng.randint(20, 60)
        for name, value in version.items():
            page.text(left, y, f"{name.capitalize()}: {value}", size)
            page.split_last_word()
            ends.append((page.strings[-2][1] + len(name), len(page.glyphs) - 1))
            y += size * 2
        page.rng = rng
        damage(page, strength)
        for row, (name, marks) in enumerate(zip(version, ends)):
            for column, mark in enumerate(marks):
                page.places[row, column] = (*page.glyphs[mark][:2], version[name])
        pages.append(page)
    values = [(row, 1) for row in range(len(lines))]
    record_changes(pages, values)
    if same:
        answer = nothing_changed(pages, values)
    else:
        row = list(lines).index(field)
        pieces = (field, 1, row, 0), (after[field], 1, row, 1), (lines[field], 0, row, 1)
        answer = sourced("The {} is {} instead of {}.", *pieces)
    return Sample(pages, [(rng.choice(("What changed?", "What is different?")), answer)])


def booking(rng: random.Random, drawn: tuple[Page, Invoice]) -> Sample:
    """A call of a tool whose arguments the invoice shows, offered among unrelated tools."""
    page, invoice = drawn
    asked = ("vendor", "number", "date", "customer", "total")
    known = [name for name in asked if name in invoice.values]
    fields = rng.sample(known, rng.randint(2, 4))
    definition = {
        "name": "book_invoice",
        "parameters": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in fields},
            "required": fields,
        },
    }
    others = [dialogues.tool(name) for name in rng.sample(list(dialogues.TOOLS), rng.randint(0, 1))]
    offered = [definition, *others]
    rng.shuffle(offered)
    held = {name: invoice.values[name] for name in fields}
    call = json.dumps([{"name": "book_invoice", "arguments": held}], ensure_ascii=False)
    tools = dialogues.TOOL_LEAD + ", ".join(map(json.dumps, offered)) + dialogues.TOOL_REST
    ask = rng.choice(("Book this invoice.", "Enter the invoice.", "Please book it."))
    return Sample([page], [(ask, f"<TOOLCALL>{call}</TOOLCALL>")], tools=tools)
