"""The bundle in the topology of the first place: two scales of tiles, sparse convolutions over them, an ensemble of MLPs on clinical
values and what the tiles predict, transformers on the whole slide; the mean of four groups."""

from dataclasses import dataclass
from pathlib import Path

import clinical_inputs
import networks
from bundle_folder import HALF, IMAGENET, BundleFolder, encoder, value_of
from probes import standardised


@dataclass(frozen=True)
class First:
    seed: int = 1
    far_level: int = 1
    near_level: int = 0
    image_level: int = 1
    width: int = 8
    hidden: int = 16
    folds: int = 2
    seeds: int = 2
    image_folds: int = 1
    image_patch: int = 32
    image_dim: int = 32
    image_depth: int = 2
    at_least: int = 12
    highest_far: int = 16
    highest_near: int = 12


FULL = First(
    far_level=3,
    near_level=2,
    image_level=5,
    width=64,
    hidden=128,
    folds=5,
    seeds=4,
    image_folds=5,
    image_patch=16,
    image_dim=384,
    image_depth=12,
    at_least=32,
    # The winner took up to 10,000 of these; the graphs compare every tile with every other one.
    highest_far=512,
    highest_near=512,
)

SCALES = ("far", "near")
TASKS = ("breslow", "ulceration")


def inputs(o: First) -> dict:
    far = {"name": "far", "size": 224, "level": o.far_level, "edge": "drop", **IMAGENET}
    near = {"name": "near", "size": 320, "level": o.near_level, "edge": "drop", **IMAGENET}
    small = {"name": "whole-256", "mode": "fixed", "width": 256, "height": 256, "fit": "stretch", **HALF}
    large = {"name": "whole-384", "mode": "fixed", "width": 384, "height": 384, "fit": "stretch", **HALF}
    return {
        "tiles": [far, near],
        "images": [{**small, "level": o.image_level}, {**large, "level": o.image_level}],
        "clinical": clinical_inputs.of_first(),
    }


def tile_encoders(b: BundleFolder, o: First) -> list:
    """For each scale one that scores tiles and one that describes them."""
    made = []
    for scale, side in zip(SCALES, (224, 320)):

        def scorer(statistics, name=f"score-{scale}"):
            return networks.scorer(name, o.seed, max(4, o.width // 2), statistics)

        def trunk(statistics, name=f"trunk-{scale}"):
            return networks.resnet(name, o.seed, o.width, networks.RESNET_18, statistics)

        probability = {"name": "score", "columns": 1, "activation": "sigmoid"}
        graph = b.add(f"score-{scale}", standardised(scorer, "score", side // 2, *IMAGENET.values(), o.seed))
        made.append(encoder(f"score-{scale}", graph, scale, [probability]))
        features = {"name": "features", "columns": 8 * o.width}
        graph = b.add(f"trunk-{scale}", standardised(trunk, "features", 96, *IMAGENET.values(), o.seed))
        made.append(encoder(f"trunk-{scale}", graph, scale, [features]))
    return made


def image_encoders(b: BundleFolder, o: First) -> list:
    made = []
    for side in (256, 384):
        for fold in range(o.image_folds):
            name = f"whole-{side}-{fold}"

            def transformer(statistics, name=name, side=side):
                return networks.image_transformer(
                    name, o.seed, side, o.image_patch, o.image_dim, o.image_depth, statistics
                )

            graph = b.add(name, standardised(transformer, "logits", side, *HALF.values(), o.seed))
            classes = {"name": "classes", "tensor": "logits", "columns": 2, "activation": "softmax"}
            made.append(encoder(name, graph, f"whole-{side}", [classes]))
    return made


def rules(o: First) -> list:
    def by(scale):
        return value_of(f"score-{scale}", "score")

    return [
        {"rule": "tissueFraction", "input": "far", "min": 0.2},
        {"rule": "tissueFraction", "input": "near", "min": 0.2},
        {"rule": "quality", "input": "far", "measure": "sharpness", "min": 100},
        {"rule": "quality", "input": "near", "measure": "white", "max": 0.7},
        {"rule": "threshold", "input": "far", "by": by("far"), "start": 0.1, "step": 0.05, "end": 0, "atLeast": 1},
        {"rule": "highest", "input": "far", "by": by("far"), "count": o.highest_far},
        {
            "rule": "threshold",
            "input": "near",
            "by": by("near"),
            "start": 0.5,
            "step": 0.05,
            "end": 0,
            "atLeast": o.at_least,
        },
        {"rule": "highest", "input": "near", "by": by("near"), "count": o.highest_near},
    ]


def bag_head(b: BundleFolder, o: First, scale: str, task: str, fold: int) -> dict:
    name = f"{task}-{scale}-{fold}"
    graph = networks.sparse_mil(name, o.seed, 8 * o.width, o.hidden, batched=task == "ulceration")
    return {
        "name": name,
        "method": "onnx",
        "graph": b.add(name, graph),
        "inputs": [
            {"tensor": "features", "from": "features", "encoder": f"trunk-{scale}", "output": "features"},
            {"tensor": "coordinates", "from": "coordinates", "input": scale, "unit": "grid", "order": "yx"},
        ],
        "outputs": [{"name": "probability", "tensor": "logit", "columns": 1, "activation": "sigmoid"}],
    }


def table_head(b: BundleFolder, o: First, scale: str, fold: int, seed: int) -> dict:
    name = f"table-{scale}-{fold}-{seed}"

    def predicted(task):
        return {"tensor": task, "from": "head", "head": f"{task}-{scale}-{fold}", "output": "probability"}

    classes = {"name": "classes", "tensor": "logits", "columns": 2, "columnNames": ["no", "yes"]}
    return {
        "name": name,
        "method": "onnx",
        "graph": b.add(name, networks.clinical_mlp(name, o.seed, 4)),
        "inputs": [
            {"tensor": "clinical", "from": "clinical", "features": ["age", "sex", "history", "body_site"]},
            predicted("ulceration"),
            predicted("breslow"),
        ],
        "outputs": [{**classes, "activation": "softmax"}],
    }


def outputs(o: First) -> list:
    table = [
        {"head": f"table-{scale}-{fold}-{seed}", "output": "classes", "column": 1, "weight": 1 / (o.folds * o.seeds)}
        for scale in SCALES
        for fold in range(o.folds)
        for seed in range(o.seeds)
    ]
    image = [
        {"head": f"whole-{side}-{fold}", "weight": 1 / o.image_folds}
        for side in (256, 384)
        for fold in range(o.image_folds)
    ]
    bags = {
        task: [
            {"head": f"{task}-{scale}-{fold}", "output": "probability", "column": 0}
            for scale in SCALES
            for fold in range(o.folds)
        ]
        for task in TASKS
    }
    return [
        {"name": "relapse", "of": table + image, "clip": [1e-6, 1 - 1e-6], "fallback": 0.16},
        {"name": "breslow", "of": bags["breslow"], "calibration": {"method": "temperature", "temperature": 1.5}},
        {
            "name": "ulceration",
            "of": bags["ulceration"],
            "mean": "logit",
            "calibration": {"method": "isotonic", "x": [0, 0.2, 0.5, 0.9, 1], "y": [0, 0.1, 0.4, 0.8, 1]},
        },
    ]


def build_first(folder: Path, o: First) -> None:
    b = BundleFolder(folder)
    encoders = tile_encoders(b, o) + image_encoders(b, o)
    bags = [bag_head(b, o, s, t, f) for s in SCALES for t in TASKS for f in range(o.folds)]
    table = [table_head(b, o, s, f, r) for s in SCALES for f in range(o.folds) for r in range(o.seeds)]
    images = [
        {"name": e["name"], "method": "mean", "of": value_of(e["name"], "classes", 1)}
        for e in encoders
        if e["input"]["from"].startswith("whole")
    ]
    parts = {
        "inputs": inputs(o),
        "encoders": encoders,
        "select": rules(o),
        "heads": bags + table + images,
        "outputs": outputs(o),
    }
    b.write("reference-first", "Topology of the first place of VisioMel with seeded weights.", parts)
