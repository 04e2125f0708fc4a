"""Writes the bundle: model.onnx and the microtome.json that describes it."""

import hashlib
import io
import json
from pathlib import Path

import onnx
import torch
from torch import nn

TILE_PX = 224
OPSET = 13


def onnx_bytes(model: nn.Module) -> bytes:
    """The graph with its batch axis dynamic, without what a machine or a version would leave in it."""
    buffer = io.BytesIO()
    torch.onnx.export(
        model,
        torch.zeros(2, 3, TILE_PX, TILE_PX),
        buffer,
        opset_version=OPSET,
        input_names=["tiles"],
        output_names=["relapse"],
        dynamic_axes={"tiles": {0: "n"}, "relapse": {0: "n"}},
    )
    graph = onnx.load_model_from_string(buffer.getvalue())
    for node in graph.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(graph)
    return graph.SerializeToString()


def describe(sha256: str, scaling: tuple, calibration: tuple, figures: dict) -> dict:
    mean, std = scaling
    slope, intercept = calibration
    return {
        "formatVersion": 1,
        "name": "demo",
        "version": "1.0.0",
        "description": "Tells two classes of generated slides apart by the size, crowding and chromatin of their nuclei.",
        "inputs": {
            "tiles": [
                {
                    "name": "tiles",
                    "level": 0,
                    "size": TILE_PX,
                    "stride": TILE_PX,
                    "layout": "NCHW",
                    "channels": "RGB",
                    "type": "float32",
                    "scale": 1 / 255,
                    "mean": list(mean),
                    "std": list(std),
                }
            ]
        },
        "encoders": [
            {
                "name": "net",
                "graph": "model.onnx",
                "input": {"from": "tiles", "tensor": "tiles"},
                "outputs": [{"name": "relapse", "tensor": "relapse", "columns": 1, "activation": "sigmoid"}],
            }
        ],
        "select": [{"rule": "tissueFraction", "input": "tiles", "min": 0.25}],
        "heads": [
            {"name": "mean", "method": "mean", "of": {"encoder": "net", "output": "relapse", "column": 0}},
        ],
        "outputs": [
            {
                "name": "relapse",
                "of": "mean",
                "calibration": {"method": "logistic", "slope": slope, "intercept": intercept, "on": "logit"},
                "clip": [1e-6, 1 - 1e-6],
                "fallback": 0.16,
            }
        ],
        "files": {"model.onnx": sha256},
        "card": {
            "licence": "Apache-2.0",
            "intendedUse": "demonstration only, not for clinical use",
            "clinicalUse": False,
            "trainingData": "Slides drawn by the project's own generator (demo/slide); no patient's image was used.",
            "evaluation": (
                f"{figures['slides']} generated slides not seen in training: AUC {figures['slideAuc']:.3f}; "
                f"a linear rule on mean colour: {figures['meanColourAuc']:.3f}."
            ),
            "limitations": "Says nothing about real tissue.",
        },
    }


def write_bundle(model: nn.Module, folder: Path, scaling: tuple, calibration: tuple, figures: dict) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    graph = onnx_bytes(model)
    (folder / "model.onnx").write_bytes(graph)
    text = json.dumps(describe(hashlib.sha256(graph).hexdigest(), scaling, calibration, figures), indent=2)
    (folder / "microtome.json").write_text(text + "\n")
