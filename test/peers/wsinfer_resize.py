"""wsinfer_resize.py FOLDER [IMAGE]: square pieces of noise and of an image as raw RGB, and what PIL's bilinear makes of them."""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

folder = Path(sys.argv[1])
noise = Image.fromarray(np.random.default_rng(3).integers(0, 256, (512, 512, 3), dtype=np.uint8))
sources = [("noise", noise)] + [("image", Image.open(path).convert("RGB")) for path in sys.argv[2:]]
for name, source in sources:
    for width, side in ((350, 224), (372, 96), (512, 100), (187, 224), (256, 255)):
        piece = source.crop((0, 0, width, width))
        stem = folder / f"{name}-{width}-{side}"
        file, expected = f"{stem}.rgb", f"{stem}-expected.rgb"
        np.asarray(piece).tofile(file)
        np.asarray(piece.resize((side, side), Image.Resampling.BILINEAR)).tofile(expected)
        print(json.dumps({"file": file, "expected": expected, "widthPx": width, "sidePx": side}))
