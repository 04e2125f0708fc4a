"""The bundle of a finished run: the graph with its sigmoid inside, and how an image becomes its input."""

import csv
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

from train.common.bundle import write_bundle
from train.common.calibrate import apply_logistic, fit_logistic
from train.common.errors import TrainingError
from train.common.metrics import HIGHEST, LOWEST, all_metrics
from train.common.onnx_graph import onnx_bytes
from train.lesions import checkpoint
from train.lesions.crops import RESIZE
from train.lesions.model import TABLE_FEATURES, LesionNet
from train.lesions.table import clinical_features


class Probability(nn.Module):
    """One column: the probability of the positive class."""

    def __init__(self, net: LesionNet):
        super().__init__()
        self.net = net

    def forward(self, image: torch.Tensor, *table: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.net(image, *table))[:, None]


class Joined(nn.Module):
    """The same of the features of the backbone and the table."""

    def __init__(self, net: LesionNet):
        super().__init__()
        self.net = net

    def forward(self, features: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.net.joined(features, table))[:, None]


def load_run(folder: Path) -> tuple[Probability, dict]:
    """The network of the best epoch, and its checkpoint."""
    state = checkpoint.load(folder / "best.pt")
    options, table = state["options"], state["table"]
    width = 0 if table is None else state["model"]["table.0.weight"].shape[1]
    net = LesionNet(options["backbone"], options["dropout"], width)
    net.load_state_dict(state["model"])
    return Probability(net).eval(), state


def graph_of(net: Probability, size_px: int) -> bytes:
    image = torch.zeros(2, 3, size_px, size_px)
    return onnx_bytes(net, (image,), ["image"], ["probability"], {name: {0: "n"} for name in ("image", "probability")})


def graphs_of(net: Probability, size_px: int) -> dict[str, bytes]:
    """The files of a bundle: with a table the backbone, and a head that runs once for each image."""
    if net.net.table is None:
        return {"model.onnx": graph_of(net, size_px)}
    image = torch.zeros(2, 3, size_px, size_px)
    backbone, head = net.net.backbone, Joined(net.net).eval()
    examples = backbone(image), torch.zeros(2, net.net.table[0].in_features)
    free = {name: {0: "n"} for name in ("image", "features", "table", "probability")}
    return {
        "model.onnx": onnx_bytes(backbone, (image,), ["image"], ["features"], {key: free[key] for key in ("image", "features")}),
        "head.onnx": onnx_bytes(
            head, examples, ["features", "table"], ["probability"], {key: free[key] for key in ("features", "table", "probability")}
        ),
    }


def read_predictions(table: Path) -> tuple[np.ndarray, np.ndarray]:
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([float(row["probability"]) for row in rows]), np.array([int(row["target"]) for row in rows])


def _with_table(parts: dict, table: dict, features: int) -> dict:
    """The encoder gives features, and a graph joins them with the numbers of the table."""
    inputs = [
        {"from": "features", "encoder": "net", "output": "features", "tensor": "features"},
        {"from": "clinical", "tensor": "table"},
    ]
    head = {"name": "lesion", "method": "onnx", "graph": "head.onnx", "inputs": inputs}
    outputs = [{"name": "features", "tensor": "features", "columns": features, "activation": "none"}]
    return {
        **parts,
        "inputs": {**parts["inputs"], "clinical": clinical_features(table)},
        "encoders": [{**parts["encoders"][0], "outputs": outputs}],
        "heads": [{**head, "outputs": [{"name": "probability", "columns": 1}]}],
    }


def bundle_parts(options: dict, calibration: tuple[float, float], fallback: float) -> dict:
    image = {
        "name": "image",
        "level": 0,
        "size": options["size_px"],
        "imageResize": RESIZE,
        "layout": "NCHW",
        "channels": "RGB",
        "type": "float32",
        "scale": 1 / 255,
        "mean": list(options["mean"]),
        "std": list(options["std"]),
    }
    slope, intercept = calibration
    return {
        "inputs": {"tiles": [image]},
        "encoders": [
            {
                "name": "net",
                "graph": "model.onnx",
                "input": {"from": "image", "tensor": "image"},
                "outputs": [{"name": "probability", "tensor": "probability", "columns": 1, "activation": "none"}],
            }
        ],
        "select": [{"rule": "all", "input": "image"}],
        "heads": [{"name": "lesion", "method": "mean", "of": {"encoder": "net", "output": "probability"}}],
        "outputs": [
            {
                "name": "target",
                "of": "lesion",
                "calibration": {"method": "logistic", "slope": slope, "intercept": intercept, "on": "logit"},
                "clip": [LOWEST, HIGHEST],
                "fallback": fallback,
            }
        ],
    }


def in_words(found: dict[str, float]) -> str:
    return f"AUC {found['auc']:.3f}, pAUC above 80 % {found['pauc']:.3f}, log loss {found['log_loss']:.3f}"


def export_bundle(run: Path, bundle: Path, name: str, card: dict, description: str = "") -> dict[str, float]:
    """Writes the bundle; returns its metrics on the fold that was not trained on, after calibration."""
    net, state = load_run(run)
    scores, labels = read_predictions(run / "validation.csv")
    calibration = fit_logistic(scores, labels == 1)
    found = all_metrics(apply_logistic(scores, *calibration), labels)
    summary = json.loads((run / "run.json").read_text())["data"]["validation"]
    options = state["options"]
    evaluation = f"{summary['lesions']} lesions of patients that were not trained on: {in_words(found)} after calibration on them."
    parts = bundle_parts(options, calibration, round(float((labels == 1).mean()), 4))
    if state["table"] is not None:
        parts = _with_table(parts, state["table"], net.net.last.in_features - TABLE_FEATURES)
    beside = "" if state["table"] is None else " and their metadata"
    write_bundle(
        bundle,
        name,
        description or f"{options['backbone']}, trained on images of single skin lesions{beside}.",
        parts,
        graphs_of(net, options["size_px"]),
        {"intendedUse": "research only, not for clinical use", "evaluation": evaluation, **card},
    )
    return found


def export_boosted(run: Path, boost: Path, bundle: Path, name: str, card: dict) -> None:
    """The bundle of boosted trees that read the score of an image model and the table; `run` is the image model."""
    net, state = load_run(run)
    described = json.loads((boost / "boost.json").read_text())
    if state["table"] is not None:
        raise TrainingError("EXPORT_REFUSED", "the image model reads the table itself; the trees need one of images alone")
    if described["inputs"].get("image") != 1:
        raise TrainingError("EXPORT_REFUSED", "these trees read no score of an image model; train them with predictions")
    found = described["validation"]
    _, labels = read_predictions(run / "validation.csv")
    # What the trees give is a probability already.
    parts = bundle_parts(state["options"], (1.0, 0.0), round(float((labels == 1).mean()), 4))
    inputs = [{"from": "features", "encoder": "net", "output": "probability", "tensor": "image"}]
    if described["inputs"].get("table", 0) > 0:
        inputs.append({"from": "clinical", "tensor": "table"})
        parts["inputs"] = {**parts["inputs"], "clinical": clinical_features(described["table"])}
    outputs = [{"name": "probability", "columns": 1}]
    parts["heads"] = [{"name": "lesion", "method": "onnx", "graph": "trees.onnx", "inputs": inputs, "outputs": outputs}]
    del parts["outputs"][0]["calibration"]
    graphs = {"model.onnx": graph_of(net, state["options"]["size_px"]), "trees.onnx": (boost / "model.onnx").read_bytes()}
    evaluation = f"{found['lesions']} lesions of patients that the trees were not trained on: {in_words(found)}."
    text = f"{state['options']['backbone']} on images of single skin lesions, and {described['trees']} trees on its score and the metadata."
    write_bundle(bundle, name, text, parts, graphs, {"intendedUse": "research only, not for clinical use", "evaluation": evaluation, **card})


def torch_probabilities(run: Path, crops, names: list[str], table: np.ndarray | None = None) -> np.ndarray:
    """What PyTorch makes of these images, and of the rows of `table`: for the comparison with the engine."""
    from train.lesions.augment import plain

    net, state = load_run(run)
    options = state["options"]
    mean, std = (torch.tensor(options[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    out = []
    with torch.no_grad():
        for i, name in enumerate(names):
            image = torch.from_numpy(plain(crops.pixels(name, options["size_px"]))).permute(2, 0, 1)[None]
            row = () if table is None else (torch.from_numpy(table[i : i + 1]),)
            out.append(float(net((image - mean) / std, *row)))
    return np.array(out)
