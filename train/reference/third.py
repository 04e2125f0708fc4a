"""The bundle in the topology of the third place: tiles at one resolution, a learned filter, the mean of an embedding, and logistic
regressions that the slide's scanner chooses."""

from dataclasses import dataclass
from pathlib import Path

import clinical_inputs
import networks
from bundle_folder import IMAGENET, BundleFolder, encoder, value_of
from probes import standardised

# Microns per pixel of level 0. The challenge has 13 values; five of these are between its published ones, and ours.
RESOLUTIONS = (
    *(0.121399, 0.194475, 0.220512, 0.2224, 0.2256, 0.2278, 0.230213),
    *(0.242797, 0.25, 0.251, 0.262762, 0.2636, 0.264384),
)
PRIORS = {0.121399: 0.12, 0.194475: 0.22, 0.220512: 0.2, 0.25: 0.15}


@dataclass(frozen=True)
class Third:
    seed: int = 3
    mpp: float = 0.5
    width: int = 8
    size: int = 64
    folds: int = 40


FULL = Third(mpp=1.0, width=64, size=512)


def scanner_head(b: BundleFolder, o: Third, name: str, clinical: int) -> dict:
    return {
        "name": name,
        "method": "onnx",
        "graph": b.add(name, networks.folded_logistic(name, o.seed, o.size, clinical, o.folds)),
        "inputs": [
            {"tensor": "slide", "from": "head", "head": "bag", "output": "slide"},
            {"tensor": "clinical", "from": "clinical"},
        ],
        "outputs": [{"name": "probability", "columns": 1}],
    }


def build_third(folder: Path, o: Third) -> None:
    b = BundleFolder(folder)
    clinical = clinical_inputs.of_third()
    columns = 4 * o.width

    def moco(statistics):
        return networks.resnet_with_quality("moco", o.seed, o.width, statistics)

    graph = b.add("moco", standardised(moco, "embedding", 224, *IMAGENET.values(), o.seed))
    embedding = {"name": "embedding", "columns": columns}
    quality = {"name": "quality", "columns": 1, "activation": "sigmoid"}
    bag = {
        "name": "bag",
        "method": "onnx",
        "graph": b.add("bag", networks.bag_embedding("bag", o.seed, columns, o.size)),
        "inputs": [{"tensor": "features", "from": "features", "encoder": "moco", "output": "embedding"}],
        "outputs": [{"name": "slide", "columns": o.size}],
    }
    width = clinical_inputs.width(clinical)
    scanners = [scanner_head(b, o, f"scanner-{index}", width) for index in range(len(RESOLUTIONS))]
    cases = [
        {"equals": [resolution], "tolerance": 1e-7, "head": head["name"]}
        for resolution, head in zip(RESOLUTIONS, scanners)
    ]
    default = scanner_head(b, o, "scanner-default", width)
    choice = {"name": "scanner", "method": "choose", "column": "resolution", "cases": cases, "default": default["name"]}
    fallback = {
        "column": "resolution",
        "cases": [{"equals": [resolution], "value": prior} for resolution, prior in PRIORS.items()],
        "default": 0.16,
    }
    parts = {
        "inputs": {
            "tiles": [{"name": "tiles", "size": 224, "mpp": o.mpp, "edge": "pad", **IMAGENET}],
            "clinical": clinical,
        },
        "encoders": [encoder("moco", graph, "tiles", [embedding, quality])],
        "select": [
            {"rule": "tissueFraction", "input": "tiles", "min": 0.4},
            {"rule": "filter", "input": "tiles", "by": value_of("moco", "quality"), "min": 0.5},
        ],
        "heads": [bag, *scanners, default, choice],
        "outputs": [{"name": "relapse", "of": "scanner", "clip": [1e-6, 1 - 1e-6], "fallback": fallback}],
    }
    b.write("reference-third", "Topology of the third place of VisioMel with seeded weights.", parts)
