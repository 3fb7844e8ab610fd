"""What other programs say of the corpus's files: second_opinion.py [PATTERN] writes ../expected.json.

Pictures by Pillow (turned upright by EXIF or TIFF orientation, transparency on white, 16 bits to
the upper 8), documents by Poppler, videos by ffprobe. Pixels are stored under ../expected as PNG.
"""

import html
import io
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

ROOT = Path(__file__).resolve().parent.parent
FILES, PIXELS = ROOT / "files", ROOT / "expected"
PAGE_DPI = 144


def run(*command):
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return done.stdout.decode("utf-8", "replace")


def to_rgb(image):
    """8-bit RGB as the product's rules want it, from any of Pillow's modes."""
    if image.mode in ("I;16", "I;16B", "I;16L") or (image.mode == "I" and image.format == "PNG"):
        values = np.asarray(image).astype(np.uint32)
        return Image.fromarray((values >> 8).astype(np.uint8), "L").convert("RGB")
    if image.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


HERE = Path(__file__).resolve().parent
# Programs that are asked where Pillow does not read a file; each writes a PNG.
OTHERS = {
    ".avif": ("Chromium", lambda i, o: ["node", str(HERE / "browser.mjs"), "decode", o, i]),
    "plain .avif": ("libavif", lambda i, o: ["avifdec", i, o]),
    ".heic": ("libheif", lambda i, o: ["heif-convert", i, o]),
    ".jxl": ("libjxl", lambda i, o: ["djxl", i, o]),
    ".tif": ("libtiff", lambda i, o: ["convert", i + "[0]", "-depth", "8", o]),
}


# libavif keeps all bits but leaves turning to its caller; a browser turns and shows.
PLAIN = {".avif": "plain .avif"}

# Files whose extra channels neither program drops: their colour is that of another file.
SAME_AS = {
    "tiff-extra-channels.tif": "im-rgb.png",
    "tiff-one-extra-channel.tif": "im-rgb.png",
    "tiff-cmyk-and-spot.tif": "pil-cmyk.tif",
}


def picture(path):
    if path.name in SAME_AS:
        made = by_pillow(path.parent / SAME_AS[path.name], path.name)
        return {**made, "by": "the source", "format": "TIFF"}
    try:
        return by_pillow(path)
    except UnidentifiedImageError:
        turned = re.search("rotated|mirrored|aperture|grid", path.name)
        program, command = OTHERS[path.suffix if turned else PLAIN.get(path.suffix, path.suffix)]
        with tempfile.TemporaryDirectory() as folder:
            png = f"{folder}/a.png"
            subprocess.run(command(str(path), png), check=True, capture_output=True, timeout=60)
            made = by_pillow(Path(png), path.name)
        return {**made, "by": program, "format": path.suffix[1:].upper()}


def by_pillow(path, name=None):
    with Image.open(path) as image:
        frames = getattr(image, "n_frames", 1)
        form = image.format
        pages = []
        if form == "TIFF":
            for at in range(frames):
                image.seek(at)
                if image.tag_v2.get(254, 0) & 1:
                    continue  # a reduced copy of another page
                image.load()  # turns the page by its own tag
                pages.append(list(image.size))
            image.seek(0)
        image.load()
        upright = image if form == "TIFF" else ImageOps.exif_transpose(image)
        upright.format = form
        first = to_rgb(upright)
    first.save(PIXELS / ((name or path.name) + ".png"), optimize=True)
    return {"by": "Pillow", "format": form, "size": list(first.size), "pages": pages or [list(first.size)]}


# Codes of TeX's T1 encoding, which Poppler passes on where a bitmap font does not name its glyphs.
T1_LIGATURES = {0x1B: "ff", 0x1C: "fi", 0x1D: "fl", 0x1E: "ffi", 0x1F: "ffl"}


def words_of(path, turned):
    """Per page: its size in points and its words with boxes in thousandths of the page."""
    text = run("pdftotext", "-bbox", "-cropbox", str(path), "-")
    pages = []
    found = re.findall(r'<page width="([\d.]+)" height="([\d.]+)">(.*?)</page>', text, re.S)
    for (width, height, body), sideways in zip(found, turned):
        width, height = float(width), float(height)
        if sideways:  # words stand as the page is shown, its size as it is written
            width, height = height, width
        words = []
        for *box, word in re.findall(
            r'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>',
            body,
        ):
            x1, y1, x2, y2 = map(float, box)
            shares = (x1 / width, y1 / height, x2 / width, y2 / height)
            words.append([html.unescape(word).translate(T1_LIGATURES), *(round(share * 1000) for share in shares)])
        pages.append({"words": words})
    return pages


def document(path):
    info = run("pdfinfo", "-l", "-1", str(path))
    sizes = re.findall(r"Page +\d+ size: +([\d.]+) x ([\d.]+)", info)
    turned = [turn in ("90", "270") for turn in re.findall(r"Page +\d+ rot: +(\d+)", info)]
    pages = words_of(path, turned)
    for page, (width, height), sideways in zip(pages, sizes, turned):
        size = [float(width), float(height)]
        page["points"] = size[::-1] if sideways else size
    for at, page in enumerate(pages[:3], 1):
        number = str(at)
        data = subprocess.run(
            ["pdftoppm", "-gray", "-cropbox", "-r", str(PAGE_DPI), "-f", number, "-l", number,
             str(path)], capture_output=True, check=True, timeout=60).stdout
        gray = np.asarray(Image.open(io.BytesIO(data))).astype(float)
        page["ink"] = ink(gray)
    return {"pages": pages}


def ink(gray, columns=10, rows=12):
    """Mean darkness of the cells of a grid over the page, 0 to 255."""
    height, width = gray.shape
    cells = []
    for row in range(rows):
        top, bottom = row * height // rows, max(row * height // rows + 1, (row + 1) * height // rows)
        line = []
        for column in range(columns):
            left = column * width // columns
            right = max(left + 1, (column + 1) * width // columns)
            line.append(round(255 - float(gray[top:bottom, left:right].mean())))
        cells.append(line)
    return cells


def video(path):
    entries = ("stream=index,codec_name,width,height,r_frame_rate,side_data_list"
               ":stream_disposition=default,attached_pic:stream_side_data=rotation")
    found = json.loads(run("ffprobe", "-v", "quiet", "-of", "json", "-select_streams", "v",
                           "-show_entries", entries, str(path)))
    tracks = [t for t in found.get("streams", []) if not t["disposition"].get("attached_pic")]
    if not tracks:
        return {"tracks": 0}
    track = next((t for t in tracks if t["disposition"].get("default")), tracks[0])
    times = run("ffprobe", "-v", "quiet", "-of", "csv=p=0", "-select_streams", str(track["index"]),
                "-show_entries", "frame=best_effort_timestamp_time", str(path))
    seconds = sorted({float(t) for t in re.findall(r"^-?[\d.]+", times, re.M)})
    untimed = len(re.findall(r"^N/A", times, re.M))  # the last frames, or all of a bare stream
    if len(seconds) < 2:
        above, below = map(int, track["r_frame_rate"].split("/"))
        seconds = [at * below / above for at in range(untimed + len(seconds))]
        untimed = 0
    for _ in range(untimed):
        seconds.append(2 * seconds[-1] - seconds[-2])
    size = [track["width"], track["height"]]
    turn = next((s["rotation"] for s in track.get("side_data_list", []) if "rotation" in s), 0)
    if abs(turn) % 180 == 90:
        size.reverse()
    return {"codec": track["codec_name"], "size": size,
            "seconds": [round(t - seconds[0], 5) for t in seconds]}


def main():
    PIXELS.mkdir(exist_ok=True)
    pattern = re.compile(sys.argv[1] if len(sys.argv) > 1 else ".")
    path = ROOT / "expected.json"
    expected = json.loads(path.read_text()) if path.exists() else {}
    judges = {"pictures": picture, "documents": document, "videos": video}
    for file in sorted(FILES.glob("*/*")):
        name = f"{file.parent.name}/{file.name}"
        if not pattern.search(name) or file.parent.name not in judges:
            continue
        try:
            expected[name] = judges[file.parent.name](file)
        except Exception as error:  # the program does not read it: said so, judged by overrides.json
            expected[name] = {"unread": type(error).__name__}
            print(name, error)
    expected = {n: v for n, v in sorted(expected.items()) if (FILES / n).exists()}
    lines = ",\n".join(f"{json.dumps(n)}: {json.dumps(v, ensure_ascii=False)}"
                       for n, v in expected.items())
    path.write_text("{\n" + lines + "\n}\n")


main()
