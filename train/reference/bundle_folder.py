"""Writes a bundle: graphs, and the microtome.json with their hashes."""

import hashlib
import json
from pathlib import Path

IMAGENET = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
HALF = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}

CARD = {
    "licence": "Apache-2.0",
    "intendedUse": "tests of the software, not for clinical use",
    "clinicalUse": False,
    "trainingData": "None: the weights are seeded random numbers.",
    "limitations": "Says nothing about tissue.",
}


class BundleFolder:
    def __init__(self, folder: Path):
        self.folder = folder
        self.files = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, graph: bytes) -> str:
        """Writes NAME.onnx and returns this path."""
        path = f"{name}.onnx"
        (self.folder / path).write_bytes(graph)
        self.files[path] = hashlib.sha256(graph).hexdigest()
        return path

    def write(self, name: str, description: str, parts: dict) -> None:
        whole = {
            "formatVersion": 1,
            "name": name,
            "version": "1.0.0",
            "description": description,
            **parts,
            "files": self.files,
            "card": CARD,
        }
        (self.folder / "microtome.json").write_text(json.dumps(whole, indent=2) + "\n")


def encoder(name: str, graph: str, source: str, outputs: list) -> dict:
    return {"name": name, "graph": graph, "input": {"from": source, "tensor": "pixels"}, "outputs": outputs}


def value_of(encoder_name: str, output: str, column: int = 0) -> dict:
    return {"encoder": encoder_name, "output": output, "column": column}
