"""colour.py FOLDER SLIDE REFERENCE: normalises the first image to the second with torchstain's numpy classes, by both methods and
both ways round. Writes the images and the results as raw RGB into FOLDER, and prints a line of JSON for each case."""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from torchstain.base.normalizers.macenko import MacenkoNormalizer
from torchstain.base.normalizers.reinhard import ReinhardNormalizer

folder = Path(sys.argv[1])
images = [np.ascontiguousarray(Image.open(path).convert("RGB")) for path in sys.argv[2:4]]


def macenko(slide, reference):
    normaliser = MacenkoNormalizer(backend="numpy")
    fits = []
    for image in (slide, reference):
        normaliser.fit(image)
        fits.append({"stains": normaliser.HERef.T.tolist(), "concentrations": normaliser.maxCRef.tolist()})
    return normaliser.normalize(slide, stains=False)[0], fits


def reinhard(slide, reference):
    normaliser = ReinhardNormalizer(backend="numpy")
    fits = []
    for image in (slide, reference):
        normaliser.fit(image)
        fits.append({"mean": normaliser.target_means.tolist(), "std": normaliser.target_stds.tolist()})
    return normaliser.normalize(slide), fits


for way, (slide, reference) in {"forth": images, "back": images[::-1], "same": [images[0], images[0]]}.items():
    for method in (macenko, reinhard):
        name = f"{method.__name__} {way}"
        files = {role: str(folder / f"{name} {role}.rgb") for role in ("slide", "reference", "result")}
        result, (slide_fit, reference_fit) = method(slide, reference)
        for role, pixels in (("slide", slide), ("reference", reference), ("result", result)):
            pixels.tofile(files[role])
        case = {"name": name, "method": method.__name__, "widthPx": slide.shape[1], "files": files}
        print(json.dumps({**case, "fits": {"slide": slide_fit, "reference": reference_fit}}))
