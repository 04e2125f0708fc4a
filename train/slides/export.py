"""The bundle of a head: the encoder's own bundle gives tiles and features, the head is a graph that runs once for the slide."""

import json
from pathlib import Path

import torch
from torch import nn

from train.common.bundle import write_bundle
from train.common.errors import TrainingError
from train.common.metrics import HIGHEST, LOWEST
from train.common.onnx_graph import onnx_bytes
from train.slides.heads import SlideHead
from train.slides.loop import load_head


class HeadGraph(nn.Module):
    """Two outputs: the probability of the slide, and the share of each tile."""

    def __init__(self, head: SlideHead):
        super().__init__()
        self.head = head

    def forward(self, features: torch.Tensor, *clinical: torch.Tensor):
        logit, shares = self.head(features, *clinical)
        return torch.sigmoid(logit), shares


def head_graph(head: SlideHead, columns: int) -> bytes:
    examples, names = [torch.zeros(3, columns)], ["features"]
    if head.clinical > 0:
        examples.append(torch.zeros(1, head.clinical))
        names.append("clinical")
    free = {"features": {0: "tiles"}, "attention": {0: "tiles"}}
    return onnx_bytes(HeadGraph(head).eval(), tuple(examples), names, ["probability", "attention"], free)


def _encoder_output(encoder: dict, columns: int) -> dict:
    fitting = [output for output in encoder["encoders"][0]["outputs"] if output["columns"] == columns]
    if len(encoder["encoders"]) != 1 or len(fitting) != 1:
        raise TrainingError("EXPORT_REFUSED", f"the encoder's bundle needs one encoder with one output of {columns} columns")
    return fitting[0]


def export_head(run: Path, encoder_bundle: Path, bundle: Path, name: str, card: dict) -> None:
    """Rules of the encoder's bundle that look at pixels or values would give the head other tiles than it was trained on."""
    head, trained = load_head(run)
    encoder = json.loads((encoder_bundle / "microtome.json").read_text())
    output = _encoder_output(encoder, trained["columns"])
    unfit = [rule["rule"] for rule in encoder.get("select", []) if rule["rule"] in ("quality", "filter", "highest", "threshold")]
    if unfit:
        raise TrainingError("EXPORT_REFUSED", f"embed does not apply the rule {unfit[0]} of the encoder's bundle; take it out")
    inputs = [{"tensor": "features", "from": "features", "encoder": encoder["encoders"][0]["name"], "output": output["name"]}]
    if trained["clinical"]:
        inputs.append({"tensor": "clinical", "from": "clinical"})
    slope, intercept = trained["calibration"]
    label = trained["options"]["label"]
    parts = {
        "inputs": {**encoder["inputs"], **({"clinical": trained["clinical"]} if trained["clinical"] else {})},
        "encoders": encoder["encoders"],
        "select": encoder.get("select", []),
        "heads": [
            {
                "name": "slide",
                "method": "onnx",
                "graph": "head.onnx",
                "inputs": inputs,
                "outputs": [
                    {"name": "probability", "columns": 1, "activation": "none"},
                    {"name": "attention", "columns": 1, "activation": "none", "perTile": True},
                ],
            }
        ],
        "outputs": [
            {
                "name": label,
                "of": [{"head": "slide", "output": "probability", "column": 0}],
                "calibration": {"method": "logistic", "slope": slope, "intercept": intercept, "on": "logit"},
                "clip": [LOWEST, HIGHEST],
                "fallback": trained["positiveShare"],
            }
        ],
    }
    graphs = {file: (encoder_bundle / file).read_bytes() for file in encoder["files"]}
    graphs["head.onnx"] = head_graph(head, trained["columns"])
    best = trained["best"]
    evaluation = f"{trained['slides']['validation']} slides of patients that were not trained on: AUC {best['auc']:.3f}, log loss {best['log_loss']:.3f} before calibration."
    text = f"Head with {trained['options']['pooling']} pooling over the features of {encoder['name']}."
    write_bundle(bundle, name, text, parts, graphs, {"intendedUse": "research only, not for clinical use", "evaluation": evaluation, **card})
