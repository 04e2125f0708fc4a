"""wsinfer_slide.py FOLDER MODEL.json SLIDE...: the table of tiles of WSInfer 0.6.1 for each slide, written into FOLDER as WSInfer
writes it, and its name printed. Tiles are found by WSInfer's patching, read by its reader and put through its transform (torchvision's
Resize of a PIL image is PIL's bilinear). Without torch: the network, a convolution, a ReLU, a mean and a linear layer, is written out in
numpy."""

import json
import sys
import warnings
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from PIL import Image

warnings.simplefilter("ignore")
from wsinfer.patchlib import segment_and_patch_one_slide  # noqa: E402
from wsinfer.wsi import WSI  # noqa: E402

folder = Path(sys.argv[1])
model = json.loads(Path(sys.argv[2]).read_text())
side, kernel = model["sidePx"], model["kernelPx"]
blocks = side // kernel
first = np.array(model["convolution"]).reshape(-1, 3, kernel, kernel)
second = np.array(model["linear"]).reshape(len(first), -1)


def probabilities(tile):
    small = np.asarray(tile.resize((side, side), Image.Resampling.BILINEAR), dtype=np.float64) / 255
    x = ((small - model["mean"]) / model["std"]).transpose(2, 0, 1).reshape(3, blocks, kernel, blocks, kernel)
    features = np.maximum(np.einsum("cyixj,fcij->fyx", x, first), 0).mean(axis=(1, 2))
    logits = features @ second
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


for path in map(Path, sys.argv[3:]):
    segment_and_patch_one_slide(path, folder, model["patchPx"], model["spacing"])
    patches = folder / "patches" / f"{path.stem}.h5"
    if not patches.exists():
        print(json.dumps({"slide": str(path), "csv": None}))
        continue
    with h5py.File(patches) as file:
        coords = file["/coords"][()]
        size = int(file["/coords"].attrs["patch_size"])
    slide = WSI(path)
    rows = [probabilities(slide.read_region((int(x), int(y)), 0, (size, size)).convert("RGB")) for x, y in coords]
    table = pd.DataFrame({"minx": coords[:, 0], "miny": coords[:, 1], "width": size, "height": size})
    table[[f"prob_{name}" for name in model["classes"]]] = np.array(rows, dtype=np.float32)
    csv = folder / f"{path.stem}.csv"
    table.to_csv(csv, index=False)
    print(json.dumps({"slide": str(path), "csv": str(csv)}))
