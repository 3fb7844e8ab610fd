"""Invoices: pages whose fields are returned as JSON, read one by one, or located."""

import functools
import json
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..chat import Sample
from . import words
from .page import Box, Page, box_text, damage

NOT_SAID = "The document does not say."
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF"}
LABELS = {
    "number": ["Invoice No.", "Invoice #", "Invoice number", "No.", "Ref", "Rechnung Nr."],
    "date": ["Date", "Invoice date", "Issued", "Datum"],
    "due": ["Due date", "Due", "Payable by", "Pay by"],
    "customer": ["Bill to", "Customer", "Billed to", "To"],
    "total": ["Total", "TOTAL", "Total due", "Amount due", "Grand total"],
    "subtotal": ["Subtotal", "Net", "Sub-total"],
    "tax": ["VAT", "Tax", "Sales tax", "MwSt."],
}
ITEM_HEADS = (("Item", "Qty", "Price", "Sum"), ("Description", "Qty", "Unit", "Amount"))
HELD_OUT_LABELS = {
    **LABELS,
    "number": ["Invoice no", "Document No."],
    "total": ["Total amount", "Balance due"],
    "date": ["Date of issue", "Invoice Date"],
}
QUESTIONS = {
    "vendor": ["Who sent this invoice?", "Which company is it from?"],
    "number": ["What is the invoice number?", "Which number does it have?"],
    "date": ["What is the date?", "When was it issued?"],
    "due": ["When is it due?", "What is the due date?"],
    "customer": ["Who is the customer?", "Who is it for?"],
    "total": ["What is the total?", "How much is to be paid?"],
    "subtotal": ["What is the subtotal?"],
    "tax": ["How much tax is there?"],
}
ABSENT = [
    "What is the phone number?",
    "Who approved it?",
    "What is the IBAN?",
    "What is the delivery address?",
    "What is the weight?",
    "What is the e-mail address?",
]


class Invoice:
    """The values of an invoice as printed, and the box of each in pixels once it is drawn."""

    def __init__(self, rng: random.Random, held_out: bool = False) -> None:
        self.rng, self.labels = rng, HELD_OUT_LABELS if held_out else LABELS
        self.currency = rng.choice(list(SYMBOLS))
        self.written_date = rng.choice((self.iso, self.dotted, self.spoken))
        year, month, day = words.date(rng)
        later = (year, month % 12 + 1, day) if month < 12 else (year + 1, 1, day)
        person = f"{rng.choice(words.FIRST)} {rng.choice(words.LAST)}"
        self.items = [
            (rng.choice(words.GOODS), rng.randint(1, 12), words.money(rng, 200))
            for _ in range(rng.randint(1, 5))
        ]
        net = round(sum(count * price for _, count, price in self.items), 2)
        tax = round(net * rng.choice((0.07, 0.1, 0.19, 0.2)), 2)
        self.values = {
            "vendor": self.company(),
            "number": words.code(rng),
            "date": self.written_date(year, month, day),
            "customer": person if rng.random() < 0.5 else self.company(),
            "total": f"{net + tax:.2f}",
        }
        if rng.random() < 0.6:
            self.values["due"] = self.written_date(*later)
        if rng.random() < 0.6:
            self.values.update(subtotal=f"{net:.2f}", tax=f"{tax:.2f}")
        self.boxes: dict[str, Box] = {}

    def company(self) -> str:
        """A random name of a company."""
        head = self.rng.choice(words.LAST) if self.rng.random() < 0.6 else words.made_up(self.rng)
        trade, ending = self.rng.choice(words.TRADES), self.rng.choice(words.ENDINGS)
        return f"{head.capitalize()} {trade} {ending}"

    @staticmethod
    def iso(year: int, month: int, day: int) -> str:
        """A date as 2024-03-07."""
        return f"{year}-{month:02}-{day:02}"

    @staticmethod
    def dotted(year: int, month: int, day: int) -> str:
        """A date as 07.03.2024."""
        return f"{day:02}.{month:02}.{year}"

    @staticmethod
    def spoken(year: int, month: int, day: int) -> str:
        """A date as 7 Mar 2024."""
        return f"{day} {words.MONTHS[month - 1][:3]} {year}"

    def amount(self, text: str) -> str:
        """An amount as printed, at times with a currency; the answer is the amount without it."""
        form = self.rng.random()
        if form < 0.5:
            return text
        symbol = SYMBOLS[self.currency]
        return f"{symbol}{text}" if form < 0.75 and symbol != "CHF" else f"{text} {symbol}"

    def label(self, field: str) -> str:
        """A random label of a field."""
        return self.rng.choice(self.labels[field])


def draw_invoice(
    rng: random.Random, fonts: Sequence[str], held_out: bool = False, strength: float = 1.0
) -> tuple[Page, Invoice]:
    """A page of 512 pixels with a header, parties, items and sums in one of several layouts."""
    page, invoice = Page(512, 512, rng, fonts), Invoice(rng, held_out)
    small = rng.randint(14, 17)
    left = rng.randint(12, 36)
    y: float = rng.randint(10, 30)
    values = invoice.values
    bold = rng.choice(fonts)
    invoice.boxes["vendor"] = page.text(left, y, values["vendor"], small + rng.randint(1, 7), bold)
    y += 38
    if rng.random() < 0.5:
        page.text(left, y, rng.choice(("INVOICE", "Invoice", "RECHNUNG", "Bill")), small + 4, bold)
        y += 32
    y = draw_fields(rng, page, invoice, left, y, small)
    y = draw_items(rng, page, invoice, left, y + rng.randint(4, 16), small)
    draw_sums(rng, page, invoice, y + 6, small, bold)
    damage(page, strength)
    return page, invoice


def draw_fields(
    rng: random.Random,
    page: Page,
    invoice: Invoice,
    left: float,
    y: float,
    size: int,
    columns: bool | None = None,
) -> float:
    """Draws label and value pairs below each other or in two columns; returns the y below them."""
    fields = [name for name in ("number", "date", "due", "customer") if name in invoice.values]
    if rng.random() < 0.5:
        rng.shuffle(fields)
    pitch = size * rng.uniform(1.35, 1.6)
    colon = rng.choice((":", ":", ""))
    columns = rng.random() < 0.35 if columns is None else columns
    tab = max(page.text_width(label, size) for label in ("Invoice number:", "Payable by:")) + 14
    for i, name in enumerate(fields):
        x = left + (250 if columns and i % 2 else 0)
        at = y + (i // 2 if columns else i) * pitch
        label = invoice.label(name) + colon
        page.text(x, at, label, size)
        start = page.text_width(label, size) + 7 if columns else tab
        if columns and x + start + page.text_width(invoice.values[name], size) > 506:
            size = 13
        invoice.boxes[name] = page.text(x + start, at, invoice.values[name], size)
        page.link(-1, -2)
    return y + (len(fields) / (2 if columns else 1) + 0.6) * pitch


def draw_items(
    rng: random.Random, page: Page, invoice: Invoice, left: float, y: float, size: int
) -> float:
    """Draws the table of items; returns the y below it."""
    pitch = size * rng.uniform(1.3, 1.5)
    stops = (left, left + 190, left + 270, left + 360)
    if rng.random() < 0.7:
        heads = rng.choice(ITEM_HEADS)
        for stop, head in zip(stops, heads):
            page.text(stop, y, head, size)
        y += pitch
        page.draw.line((left, y, 500, y), fill=page.ink)
        y += 3
    for name, count, price in invoice.items:
        row = (name, str(count), f"{price:.2f}", f"{count * price:.2f}")
        for stop, cell in zip(stops, row):
            page.text(stop, y, cell, size)
        y += pitch
    return y


def draw_sums(
    rng: random.Random,
    page: Page,
    invoice: Invoice,
    y: float,
    size: int,
    bold: str,
    left: float | None = None,
) -> None:
    """Draws subtotal, tax and total, on the right or on the left."""
    x = rng.choice((40, 230, 250)) if left is None else left
    stop = x + rng.randint(130, 150)
    for name in ("subtotal", "tax", "total"):
        if name not in invoice.values:
            continue
        font = bold if name == "total" else None
        page.text(x, y, invoice.label(name), size, font)
        value = invoice.values[name]
        invoice.boxes[name] = page.text(stop, y, invoice.amount(value), size, font)
        page.link(-1, -2)
        y += size * 1.45


def json_ask(rng: random.Random, fields: Iterable[str]) -> str:
    """A request for these fields as JSON."""
    names = ", ".join(fields)
    return rng.choice(
        (
            f"Return JSON with the keys {names}.",
            f"Extract as JSON: {names}",
            f"Read the fields {names} and answer as JSON.",
        )
    )


def json_turn(rng: random.Random, invoice: Invoice, fewest: int = 3) -> tuple[str, str]:
    """A question for some fields in random order, answered as JSON; an absent field is null."""
    fields = list(QUESTIONS)
    rng.shuffle(fields)
    fields = fields[: rng.randint(fewest, 6)]
    answer = {name: invoice.values.get(name) for name in fields}
    return json_ask(rng, fields), json.dumps(answer, ensure_ascii=False)


def field_turn(rng: random.Random, invoice: Invoice) -> tuple[str, str]:
    """A question for one field, which may be absent, and its answer."""
    if rng.random() < 0.15:
        return rng.choice(ABSENT), NOT_SAID
    name = rng.choice(list(QUESTIONS))
    return rng.choice(QUESTIONS[name]), invoice.values.get(name, NOT_SAID)


def box_turn(
    rng: random.Random, page: Page, invoice: Invoice, name: str | None = None
) -> tuple[str, Callable[[], str]]:
    """A question for the box of a field, and a function that returns its answer."""
    name = name or rng.choice(list(invoice.boxes))
    ask = rng.choice((f"Where is the {name}?", f"Give the box of the {name}."))
    return ask, functools.partial(box_text, page, invoice.boxes[name])


def draw_part(
    rng: random.Random, fonts: Sequence[str], width: int, height: int, strength: float = 1.0
) -> tuple[Page, Invoice]:
    """The fields and sums of an invoice without its items, on a page of 384 × 192 or so."""
    page, invoice = Page(width, height, rng, fonts), Invoice(rng)
    size, left, y = rng.randint(14, 16), rng.randint(4, 30), rng.randint(2, 12)
    if rng.random() < 0.5:
        invoice.boxes["vendor"] = page.text(left, y, invoice.values["vendor"], size + 2)
        y += size * 1.7
    else:
        del invoice.values["vendor"]
    y = draw_fields(rng, page, invoice, left, y, size, columns=False)
    draw_sums(rng, page, invoice, y - size * 0.5, size, page.font, rng.choice((30, 120, 200)))
    damage(page, strength)
    return page, invoice


def places(rng: random.Random, drawn: tuple[Page, Invoice]) -> Sample:
    """A question for the box of every field."""
    page, invoice = drawn
    asked = [box_turn(rng, page, invoice, name) for name in invoice.boxes]
    rng.shuffle(asked)
    return Sample([page], asked)


def invoice_talk(rng: random.Random, drawn: tuple[Page, Invoice], turns: int = 7) -> Sample:
    """Several questions about a drawn invoice: JSON, single fields, boxes and absent fields."""
    page, invoice = drawn
    asked: list[tuple[str, Any]] = [json_turn(rng, invoice)]
    while len(asked) < turns:
        draw = rng.random()
        if draw < 0.5 and page.rotation == 0:
            asked.append(box_turn(rng, page, invoice))
        elif draw < 0.6:
            asked.append(json_turn(rng, invoice, 2))
        else:
            asked.append(field_turn(rng, invoice))
    rng.shuffle(asked)
    return Sample([page], asked)
