"""Draws the samples of the README and the playground (pictures, a PDF, a video; the video needs
ffmpeg) and ten documents for `vireo extract`, with a font that training does not use.

python3 -m vireo_training.samples ../web/src/samples ../examples/documents
"""

import pathlib
import random
import subprocess
import sys
from collections.abc import Sequence

from .data import figures, invoices, scenes
from .data.page import Box, Colour, Page

FONTS = ["Carlito-Regular"]
# Seeds whose pictures look good side by side.
INVOICE, TABLE, CHART, SHAPES = 1, 5, 3, 0
# The model in the box answers the playground's questions about these two correctly.
DOCUMENT, CLIP = "document 2", "clip 2"
CLIP_FRAMES, CLIP_FPS = 8, 2


class WhitePage(Page):
    """A page in black on white, like most scans."""

    def __init__(self, width: int, height: int, rng: random.Random, fonts: Sequence[str]) -> None:
        super().__init__(width, height, rng, fonts, plain=True)


class PrintedPage(WhitePage):
    """A white page that also records the PDF operators of its text."""

    def __init__(self, width: int, height: int, rng: random.Random, fonts: Sequence[str]) -> None:
        super().__init__(width, height, rng, fonts)
        self.operators: list[bytes] = []

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: int,
        font: str | None = None,
        ink: Colour | None = None,
    ) -> Box:
        """As Page.text; records the PDF operators that show the same text."""
        shown = text.encode("cp1252", "replace")
        for special in (b"\\", b"(", b")"):
            shown = shown.replace(special, b"\\" + special)
        place = f"/F1 {size} Tf 1 0 0 1 {x:.1f} {self.height - y - size:.1f} Tm (".encode()
        self.operators.append(place + shown + b") Tj")
        return super().text(x, y, text, size, font, ink)


def pdf_of(pages: Sequence[PrintedPage]) -> bytes:
    """A PDF of the pages with a text layer, one point per pixel."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * i) for i in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [" + kids + b"] /Count %d >>" % len(pages),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for i, page in enumerate(pages):
        box = b"/MediaBox [0 0 %d %d]" % (page.width, page.height)
        font = b"/Resources << /Font << /F1 3 0 R >> >>"
        content = b"BT " + b"\n".join(page.operators) + b" ET"
        named = (
            b"<< /Type /Page /Parent 2 0 R " + box + font + b" /Contents %d 0 R >>" % (5 + 2 * i)
        )
        objects += [named, b"<< /Length %d >>\nstream\n" % len(content) + content + b"\nendstream"]
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(b"%010d 00000 n \n" % len(body))
        body += b"%d 0 obj\n" % number + each + b"\nendobj\n"
    count = b"%d" % (len(objects) + 1)
    table = b"xref\n0 " + count + b"\n0000000000 65535 f \n" + b"".join(places)
    end = b"trailer\n<< /Size " + count + b" /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return body + table + end % len(body)


def documents(folder: pathlib.Path) -> None:
    """Writes ten invoices: clean and damaged pictures, PDFs with text, a TIFF of two pages."""
    folder.mkdir(parents=True, exist_ok=True)

    def invoice(seed: int, strength: float = 0) -> Page:
        rng = random.Random(f"document {seed}")
        return invoices.draw_invoice(rng, FONTS, held_out=True, strength=strength)[0]

    invoices.Page = PrintedPage
    for i in range(1, 5):
        (folder / f"invoice-{i:02}.pdf").write_bytes(pdf_of([invoice(i)]))
    (folder / "invoice-05.pdf").write_bytes(pdf_of([invoice(5), invoice(6)]))
    for i in range(6, 8):
        invoice(i + 1).picture.save(folder / f"invoice-{i:02}.png", optimize=True)
    for i in range(8, 10):
        damaged = invoice(i + 1, strength=1).picture
        damaged.save(folder / f"invoice-{i:02}.jpg", quality=80)
    first, second = invoice(11).picture.convert("L"), invoice(12).picture.convert("L")
    more = {"save_all": True, "append_images": [second], "compression": "tiff_deflate"}
    first.save(folder / "invoice-10.tiff", **more)


def document(folder: pathlib.Path) -> None:
    """A one-page PDF for the playground, and its page as the picture of the sample's button."""
    page = invoices.draw_invoice(random.Random(DOCUMENT), FONTS, held_out=True, strength=0)[0]
    (folder / "document.pdf").write_bytes(pdf_of([page]))
    page.picture.save(folder / "document.png", optimize=True)


def video(folder: pathlib.Path) -> None:
    """A clip of four seconds in H.264, which browsers play, and its first frame."""
    pages = scenes.clip(random.Random(CLIP), FONTS, frames=CLIP_FRAMES).pages
    frames = [page.picture.convert("RGB") for page in pages]
    size = f"{frames[0].width}x{frames[0].height}"
    read = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(CLIP_FPS), "-i", "-"]
    write = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "20", "-movflags", "+faststart"]
    command = ["ffmpeg", "-v", "error", "-y", *read, *write, "-bitexact", str(folder / "video.mp4")]
    subprocess.run(command, input=b"".join(frame.tobytes() for frame in frames), check=True)
    frames[0].save(folder / "video.png", optimize=True)


def main(pictures: str, examples: str) -> None:
    """Draws the samples into one folder and the documents into the other."""
    folder = pathlib.Path(pictures)
    folder.mkdir(parents=True, exist_ok=True)
    invoices.Page = figures.Page = WhitePage
    page, _ = invoices.draw_invoice(random.Random(INVOICE), FONTS, held_out=True, strength=0)
    page.picture.save(folder / "invoice.png", optimize=True)
    for name, draw, seed in (
        ("table", figures.table, TABLE),
        ("chart", figures.chart, CHART),
        ("shapes", scenes.scene, SHAPES),
    ):
        arguments = {} if name == "shapes" else {"strength": 0}
        sample = draw(random.Random(seed), FONTS, **arguments)
        sample.pages[0].picture.save(folder / f"{name}.png", optimize=True)
    video(folder)
    invoices.Page = PrintedPage
    document(folder)
    documents(pathlib.Path(examples))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
