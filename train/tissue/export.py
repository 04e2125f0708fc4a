"""The bundle: the graph, how a tile becomes its input, and how the tiles of a slide become its score."""

from pathlib import Path

import torch

from train.common.bundle import write_bundle
from train.common.metrics import HIGHEST, LOWEST
from train.common.onnx_graph import onnx_bytes
from train.tissue.model import MEAN, STD, TileNet
from train.tissue.tiles import TILE_PX

#: models/demo was written with it. A newer one would give the same scores from other bytes.
OPSET = 13
CARD = {
    "licence": "Apache-2.0",
    "intendedUse": "demonstration only, not for clinical use",
    "trainingData": "Slides drawn by the project's own generator (demo/slide); no patient's image was used.",
    "limitations": "Says nothing about real tissue.",
}


def bundle_parts(calibration: tuple[float, float]) -> dict:
    slope, intercept = calibration
    tiles = {
        "name": "tiles",
        "level": 0,
        "size": TILE_PX,
        "stride": TILE_PX,
        "layout": "NCHW",
        "channels": "RGB",
        "type": "float32",
        "scale": 1 / 255,
        "mean": list(MEAN),
        "std": list(STD),
    }
    return {
        "inputs": {"tiles": [tiles]},
        "encoders": [
            {
                "name": "net",
                "graph": "model.onnx",
                "input": {"from": "tiles", "tensor": "tiles"},
                "outputs": [{"name": "relapse", "tensor": "relapse", "columns": 1, "activation": "sigmoid"}],
            }
        ],
        "select": [{"rule": "tissueFraction", "input": "tiles", "min": 0.25}],
        "heads": [{"name": "mean", "method": "mean", "of": {"encoder": "net", "output": "relapse", "column": 0}}],
        "outputs": [
            {
                "name": "relapse",
                "of": "mean",
                "calibration": {"method": "logistic", "slope": slope, "intercept": intercept, "on": "logit"},
                "clip": [LOWEST, HIGHEST],
                "fallback": 0.16,
            }
        ],
    }


def export_bundle(model: TileNet, bundle: Path, calibration: tuple[float, float], evaluation: str) -> None:
    free = {"tiles": {0: "n"}, "relapse": {0: "n"}}
    graph = onnx_bytes(model, (torch.zeros(2, 3, TILE_PX, TILE_PX),), ["tiles"], ["relapse"], free, OPSET)
    text = "Tells two classes of generated slides apart by the size, crowding and chromatin of their nuclei."
    write_bundle(bundle, "demo", text, bundle_parts(calibration), {"model.onnx": graph}, {**CARD, "evaluation": evaluation})
