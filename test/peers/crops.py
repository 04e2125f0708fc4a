"""crops.py FOLDER: raw RGB images and what Pillow and OpenCV make of them in other sizes; JPEG and PNG files and their pixels
as Pillow reads them, turned by Exif and on white. Prints a line of JSON for each."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

folder = Path(sys.argv[1])
chance = np.random.default_rng(14)


def picture(width, height):
    """Smooth colours with noise: neither alone would show all errors of a filter."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    channels = [127 + 120 * np.sin(x / (3 + c) + c) * np.cos(y / (5 - c)) for c in range(3)]
    noise = chance.integers(-40, 41, (height, width, 3))
    return np.clip(np.stack(channels, axis=-1) + noise, 0, 255).astype(np.uint8)


def resized(pixels, how, out_width, out_height):
    if how == "opencv-area":
        return cv2.resize(pixels, (out_width, out_height), interpolation=cv2.INTER_AREA)
    kind = Image.Resampling.BICUBIC if how == "pil-bicubic" else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(pixels).resize((out_width, out_height), kind))


def sizes():
    yield from ((1, 1, 224, 224), (224, 224, 224, 224), (448, 448, 224, 224), (400, 224, 224, 224), (3, 400, 32, 256))
    yield from ((150, 300, 50, 100), (64, 100, 128, 50), (100, 1, 33, 33), (224, 100, 224, 50))
    for _ in range(60):
        sides = (*chance.integers(1, 401, 2), *chance.integers(32, 257, 2))
        yield tuple(int(side) for side in sides)
        yield (int(sides[0]), int(sides[1]), int(sides[2]), int(sides[2]))


for number, (width, height, out_width, out_height) in enumerate(sizes()):
    pixels = picture(width, height)
    file = folder / f"{number}.rgb"
    pixels.tofile(file)
    for how in ("pil-bilinear", "pil-bicubic", "opencv-area"):
        expected = folder / f"{number}-{how}.rgb"
        resized(pixels, how, out_width, out_height).tofile(expected)
        case = {"task": "resize", "how": how, "file": str(file), "expected": str(expected)}
        print(json.dumps({**case, "widthPx": width, "outWidthPx": out_width, "outHeightPx": out_height}))


def upright(image):
    """As Pillow reads it. Its own way from 16 bits to 8 cuts values off, so those are not asked of it."""
    turned = ImageOps.exif_transpose(image)
    if turned.mode in ("RGBA", "LA", "P", "PA") or "transparency" in turned.info:
        clear = turned.convert("RGBA")
        # In the order of its own arithmetic, not that of alpha_composite, which rounds twice.
        rgba = np.asarray(clear).astype(np.int64)
        alpha = rgba[..., 3:]
        return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.asarray(turned.convert("RGB"))


def files():
    colours = Image.fromarray(picture(61, 37))
    exif = Image.Exif()
    for quality, sampling in ((95, 0), (80, 1), (60, 2)):
        yield f"q{quality}.jpg", colours, {"quality": quality, "subsampling": sampling}
    yield "progressive.jpg", colours, {"progressive": True}
    yield "grey.jpg", colours.convert("L"), {}
    yield "cmyk.jpg", colours.convert("CMYK"), {"quality": 95}
    yield "one.jpg", Image.new("RGB", (1, 1), (200, 30, 90)), {}
    for orientation in range(1, 9):
        exif[0x0112] = orientation
        yield f"turned{orientation}.jpg", colours, {"exif": exif.tobytes()}
        yield f"turned{orientation}.png", colours, {"exif": exif.tobytes()}
    yield "rgb.png", colours, {}
    yield "grey.png", colours.convert("L"), {}
    yield "bits1.png", colours.convert("1"), {}
    yield "palette.png", colours.quantize(200), {}
    yield "palette4.png", colours.quantize(13), {"bits": 4}
    yield "palette-clear.png", colours.quantize(17), {"transparency": bytes([0, 100, 255, 3])}
    yield "clear-colour.png", Image.fromarray((picture(40, 30) // 128) * 255), {"transparency": (255, 0, 255)}
    with_alpha = np.concatenate([picture(40, 30), picture(40, 30)[..., :1]], axis=-1)
    yield "rgba.png", Image.fromarray(with_alpha, "RGBA"), {}
    yield "grey-alpha.png", Image.fromarray(with_alpha[..., :2], "LA"), {}


for name, image, options in files():
    file = folder / name
    image.save(file, **options)
    expected = folder / f"{name}.rgb"
    with Image.open(file) as opened:
        pixels = upright(opened)
    pixels.tofile(expected)
    sides = {"widthPx": pixels.shape[1], "heightPx": pixels.shape[0]}
    print(json.dumps({"task": "decode", "name": name, "file": str(file), "expected": str(expected), **sides}))
