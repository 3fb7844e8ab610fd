"""Makes one picture with Pillow: pillow.py SOURCES OUT CODE, where CODE saves to `o`."""

import random
import struct
import sys

from PIL import Image, ImageCms

sources, o, code = sys.argv[1:]
rgb = Image.open(f"{sources}/photo.png").convert("RGB")
mark = Image.open(f"{sources}/mark.png").convert("RGB")
rgba = Image.open(f"{sources}/alpha.png").convert("RGBA")
bw = Image.open(f"{sources}/page.png").convert("1")
gray16 = Image.frombytes(
    "I;16", rgb.size, b"".join(struct.pack("<H", v * 251) for v in rgb.convert("L").getdata())
)


def exif(turn):
    """An EXIF block with Orientation alone."""
    data = Image.Exif()
    data[274] = turn
    return data.tobytes()


def srgb():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def lab(path):
    profile = ImageCms.createProfile
    turn = ImageCms.buildTransform(profile("sRGB"), profile("LAB"), "RGB", "LAB")
    ImageCms.applyTransform(rgb, turn).save(path)


def with_thumbnail(path):
    """A camera's file: orientation, and a small JPEG inside the EXIF block."""
    import io
    import subprocess

    mark.save(path, quality=90, exif=exif(6))
    small = io.BytesIO()
    mark.resize((32, 24)).save(small, "JPEG")
    with open("thumb.jpg", "wb") as file:
        file.write(small.getvalue())
    command = ["exiftool", "-q", "-overwrite_original", "-ThumbnailImage<=thumb.jpg", path]
    subprocess.run(command, check=True)


def raw(bands):
    """raw.bin: 96 × 72 pixels of `bands` bytes, colour first and other channels behind."""
    extra = random.Random(3)
    colour = rgb.convert("CMYK") if bands == 5 and "cmyk" in o else rgb
    channels = len(colour.getbands())
    with open("raw.bin", "wb") as file:
        for pixel in colour.getdata():
            file.write(bytes(pixel[:channels]))
            file.write(bytes(extra.randrange(256) for _ in range(bands - channels)))


exec(code)
