"""The bundle in the topology of the second place: one picture of the whole slide, as large as a budget of pixels allows, beside a
clinical vector; three tasks."""

from dataclasses import dataclass
from pathlib import Path

import clinical_inputs
import networks
from bundle_folder import IMAGENET, BundleFolder, encoder
from probes import standardised

BRESLOW = ["<0.8", "[0.8 : 1[", "[1 : 2[", "[2 : 4[", ">=4"]


@dataclass(frozen=True)
class Second:
    seed: int = 2
    max_pixels: int = 300_000
    width: int = 8
    blocks: tuple = networks.RESNET_18


FULL = Second(max_pixels=1_300_000, width=64, blocks=networks.RESNET_34)


def task(name: str, columns: int, activation: str, column_names: list | None = None) -> dict:
    named = {} if column_names is None else {"columnNames": column_names}
    return {"name": name, "columns": columns, **named, "activation": activation}


def outputs() -> list:
    def of(output, column=0):
        return [{"head": "tasks", "output": output, "column": column}]

    platt = {"method": "logistic", "slope": 0.8, "intercept": -0.6, "on": "logit"}
    classes = [{"name": f"breslow-{i}", "of": of("breslow", i)} for i in range(len(BRESLOW))]
    return [
        {"name": "relapse", "of": of("relapse"), "calibration": platt, "clip": [1e-6, 1 - 1e-6], "fallback": 0.16},
        {"name": "ulceration", "of": of("ulceration")},
        *classes,
    ]


def build_second(folder: Path, o: Second) -> None:
    b = BundleFolder(folder)
    clinical = clinical_inputs.of_second()

    def trunk(statistics):
        return networks.resnet("trunk", o.seed, o.width, o.blocks, statistics)

    columns = 8 * o.width
    image = b.add("trunk", standardised(trunk, "features", 160, *IMAGENET.values(), o.seed))
    tasks = b.add("tasks", networks.multi_task("tasks", o.seed, columns, clinical_inputs.width(clinical)))
    head = {
        "name": "tasks",
        "method": "onnx",
        "graph": tasks,
        "inputs": [
            {"tensor": "features", "from": "features", "encoder": "trunk", "output": "features"},
            {"tensor": "clinical", "from": "clinical"},
        ],
        "outputs": [
            task("breslow", 5, "softmax", BRESLOW),
            task("ulceration", 1, "sigmoid"),
            task("relapse", 1, "sigmoid"),
        ],
    }
    whole = {"name": "whole", "mode": "variable", "maxPixels": o.max_pixels, **IMAGENET}
    parts = {
        "inputs": {"images": [whole], "clinical": clinical},
        "encoders": [encoder("trunk", image, "whole", [{"name": "features", "columns": columns}])],
        "heads": [head],
        "outputs": outputs(),
    }
    b.write("reference-second", "Topology of the second place of VisioMel with seeded weights.", parts)
