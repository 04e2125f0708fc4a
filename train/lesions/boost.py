"""A gradient-boosted model over the values of the table, and over the score of an image model where there is one. LightGBM makes the
trees; they become a TreeEnsemble of ONNX here. Needs train/requirements.txt, and no PyTorch."""

import csv
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from train.common.errors import TrainingError
from train.common.files import write_json, write_whole
from train.common.metrics import all_metrics
from train.lesions.columns import check_inputs, header_of, read_labels
from train.lesions.folds import check_classes, fold_of_rows, read_folds
from train.lesions.table import fit_table
from train.lesions.trees import graph_of_trees


@dataclass
class BoostOptions:
    metadata: Path
    folds: Path
    out: Path
    fold: int = 0
    columns: tuple[str, ...] = ()
    #: validation.csv of a run for each fold: a lesion's score comes from a run that was not trained on it.
    predictions: tuple[str, ...] = ()
    test_metadata: Path | None = None
    rounds: int = 200
    rate: float = 0.05
    leaves: int = 15
    least_in_leaf: int = 20
    seed: int = 1


def read_scores(files, names: list[str]) -> np.ndarray:
    """The image model's score of each lesion, one column. A lesion without a score, or with two, is refused."""
    found: dict[str, float] = {}
    for path in files:
        with open(path, newline="") as file:
            for row in csv.DictReader(file):
                if row["isic_id"] in found:
                    raise TrainingError("PREDICTIONS_INVALID", f"{path} has {row['isic_id']}, which another file has too")
                found[row["isic_id"]] = float(row["probability"])
    missing = [name for name in names if name not in found]
    if missing:
        raise TrainingError(
            "PREDICTIONS_INVALID", f"{len(missing)} lesions have no score, such as {missing[0]}; give validation.csv of every fold"
        )
    return np.array([[found[name]] for name in names], np.float32)


def _fit(values: np.ndarray, labels: np.ndarray, options: BoostOptions):
    import lightgbm

    settings = {
        "objective": "binary",
        "learning_rate": options.rate,
        "num_leaves": options.leaves,
        "min_data_in_leaf": options.least_in_leaf,
        "feature_fraction": 0.8,
        "seed": options.seed,
        # The table has no gaps: a missing value is a column of its own.
        "use_missing": False,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    return lightgbm.train(settings, lightgbm.Dataset(values.astype(np.float64), labels), options.rounds)


def train_boost(options: BoostOptions) -> dict:
    """Writes model.onnx and boost.json; returns the latter. Inputs of the graph: `table`, and `image` with predictions."""
    import lightgbm

    if not options.columns and not options.predictions:
        raise TrainingError("OPTION_INVALID", "neither columns nor predictions are given; the model would read nothing")
    names, patients, labels = read_labels(options.metadata)
    folds = read_folds(options.folds, options.metadata)
    rows = fold_of_rows(folds, patients)
    check_classes(rows, labels, folds["count"])
    known = [] if options.test_metadata is None else [header_of(options.test_metadata)]
    check_inputs(options.columns, *known)
    outside, inside, truth = rows != options.fold, rows == options.fold, np.array(labels)
    table = fit_table(options.metadata, patients, options.columns, outside)
    parts = [("table", table.values)]
    if options.predictions:
        parts.append(("image", read_scores(options.predictions, names)))
    values = np.concatenate([part for _, part in parts], 1)
    booster = _fit(values[outside], truth[outside], options)
    scores = booster.predict(values[inside].astype(np.float64))
    widths = {name: part.shape[1] for name, part in parts}
    card = {
        "formatVersion": 1,
        "versions": {"python": platform.python_version(), "lightgbm": lightgbm.__version__, "numpy": np.__version__},
        "foldsDigest": folds["digest"],
        "inputs": widths,
        "table": table.description,
        "options": {key: str(value) if isinstance(value, Path) else value for key, value in asdict(options).items()},
        "trees": booster.num_trees(),
        "validation": {"lesions": int(inside.sum()), **all_metrics(scores, truth[inside])},
    }
    write_whole(options.out / "model.onnx", graph_of_trees(booster.dump_model(), widths))
    write_json(options.out / "boost.json", card)
    return card
