"""Generated slides on which a few tiles decide: 1 or 2 of 64 tiles of a positive slide have small dark clusters. Every slide has its
own stain and its own density, which move all tiles by more than the clusters move their mean."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from train.common.bundle import write_bundle
from train.common.files import write_whole
from train.common.onnx_graph import onnx_bytes
from train.lesions.drawing import smooth_noise
from train.lesions.model import LesionNet
from train.slides.tiff import write_tiff

SIDE_PX, TILE_PX = 512, 64


@dataclass(frozen=True)
class GeneratedSlides:
    slides: int = 160
    seed: int = 1
    first: int = 0


def _nuclei(rng: np.random.Generator, picture: np.ndarray, count: int) -> None:
    """Pale round nuclei at random."""
    size = picture.shape[0]
    y, x = np.mgrid[-6:7, -6:7]
    for cy, cx in rng.integers(6, size - 6, (count, 2)):
        disc = np.exp(-((y**2 + x**2) / rng.uniform(4, 9)) ** 2)[..., None]
        part = picture[cy - 6 : cy + 7, cx - 6 : cx + 7]
        part += disc * (np.array([128.0, 92.0, 160.0]) - part)


def _cluster(rng: np.random.Generator, tile: np.ndarray) -> None:
    """Many small dark nuclei, close together, inside one tile of the model."""
    y, x = np.mgrid[:TILE_PX, :TILE_PX]
    for cy, cx in rng.normal(TILE_PX / 2, 9, (26, 2)):
        disc = np.exp(-(((y - cy) ** 2 + (x - cx) ** 2) / 4.5))[..., None]
        tile += disc * (np.array([52.0, 24.0, 88.0]) - tile)


def draw_slide(rng: np.random.Generator, positive: bool) -> np.ndarray:
    noise = smooth_noise(rng, SIDE_PX, 9)[..., None]
    picture = np.array([222.0, 172.0, 205.0]) + 9 * noise + rng.normal(0, 4, (SIDE_PX, SIDE_PX, 1))
    _nuclei(rng, picture, int(rng.uniform(150, 900)))
    if positive:
        tiles = SIDE_PX // TILE_PX
        for place in rng.choice(tiles * tiles, int(rng.integers(1, 3)), replace=False):
            row, column = divmod(int(place), tiles)
            _cluster(rng, picture[row * TILE_PX :, column * TILE_PX :][:TILE_PX, :TILE_PX])
    # The stain: each channel's optical density times a number of the slide.
    density = -np.log(np.clip(picture, 1, 255) / 255) * rng.uniform(0.75, 1.3) * rng.uniform(0.88, 1.14, 3)
    return np.clip(np.round(255 * np.exp(-density)), 0, 255).astype(np.uint8)


def write_slides(folder: Path, options: GeneratedSlides) -> None:
    """slides/*.tif and metadata.csv: filename, patient, two clinical columns of which age says a little, and the label."""
    (folder / "slides").mkdir(parents=True, exist_ok=True)
    rows = [["filename", "patient_id", "age", "sex", "relapse"]]
    for i in range(options.first, options.first + options.slides):
        rng = np.random.default_rng([options.seed, i])
        positive = bool(rng.random() < 0.5)
        write_tiff(folder / "slides" / f"slide-{i:05d}.tif", draw_slide(rng, positive), mpp=0.5)
        age = "" if rng.random() < 0.05 else str(int(rng.normal(58 if positive else 54, 12)))
        sex = ["F", "M", ""][int(rng.choice(3, p=[0.48, 0.47, 0.05]))]
        rows.append([f"slide-{i:05d}.tif", f"P{i // 2:05d}", age, sex, str(int(positive))])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_whole(folder / "metadata.csv", text.getvalue().encode())


def write_encoder(bundle: Path, seed: int) -> None:
    """A bundle that gives features of tiles: a network with seeded weights, as drawn. A real one is a foundation model."""
    torch.manual_seed(seed)
    net = LesionNet("small").backbone
    for layer in net.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    graph = onnx_bytes(net, (torch.zeros(2, 3, TILE_PX, TILE_PX),), ["tiles"], ["features"], {"tiles": {0: "n"}, "features": {0: "n"}})
    columns = int(net(torch.zeros(2, 3, TILE_PX, TILE_PX)).shape[1])
    tiles = {"name": "tiles", "level": 0, "size": TILE_PX, "mean": [0.7, 0.5, 0.65], "std": [0.2, 0.2, 0.2]}
    outputs = [{"name": "features", "tensor": "features", "columns": columns, "activation": "none"}]
    parts = {
        "inputs": {"tiles": [tiles]},
        "encoders": [{"name": "net", "graph": "encoder.onnx", "input": {"from": "tiles", "tensor": "tiles"}, "outputs": outputs}],
        "select": [{"rule": "all", "input": "tiles"}],
        "heads": [{"name": "mean", "method": "mean", "of": {"encoder": "net", "output": "features", "column": 0}}],
        "outputs": [{"name": "mean-of-column-0", "of": "mean", "clip": None}],
    }
    card = {"licence": "Apache-2.0", "intendedUse": "tests of the software", "trainingData": "None: the weights are seeded random numbers."}
    write_bundle(bundle, "random-encoder", "Features of tiles by a network that was not trained.", parts, {"encoder.onnx": graph}, card)
