"""quality.py FOLDER IMAGE: cuts pieces out of an image and out of a table of colours, writes each as raw RGB into FOLDER, and
prints its figures as OpenCV and numpy give them, by the definitions that hs2p has (tile_qc.py)."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

folder, image = Path(sys.argv[1]), sys.argv[2]


def figures(tile):
    laplacian = cv2.Laplacian(cv2.cvtColor(tile, cv2.COLOR_RGB2GRAY), cv2.CV_64F)
    saturation = cv2.cvtColor(tile, cv2.COLOR_RGB2HSV)[:, :, 1].astype(np.float32) / 255
    return {
        "sharpness": float(laplacian.var()),
        "white": float(np.all(tile > 220, axis=-1).mean()),
        "black": float(np.all(tile < 25, axis=-1).mean()),
        "grey": float((saturation < 0.05).mean()),
    }


# Every pair of a largest sample and a smallest one.
high, low = np.mgrid[0:256, 0:256]
pairs = np.stack([np.maximum(high, low), np.minimum(high, low), np.minimum(high, low)], axis=-1).astype(np.uint8)
whole = np.asarray(Image.open(image).convert("RGB"))
noise = np.random.default_rng(4).integers(0, 256, (61, 300, 3), dtype=np.uint8)
cases = {"pairs": pairs, "whole": whole, "tile": whole[64:320, 32:288], "column": whole[:, 100:101], "noise": noise}
for name, pixels in cases.items():
    tile = np.ascontiguousarray(pixels)
    file = folder / f"{name}.rgb"
    tile.tofile(file)
    print(json.dumps({"name": name, "file": str(file), "widthPx": tile.shape[1], "figures": figures(tile)}))
